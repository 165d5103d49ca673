package postgresql

import (
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

func writeServer(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{
		{Name: "uptime", Metric: uptime},
		{Name: "max_connections", Metric: connectionMax},
		{Name: "databases", Metric: databaseCount},
		{Name: "standby", Metric: inRecovery},
	}, nil)
}

func byDatabase(r query.Row) []string { return []string{databaseName, r.String("datname")} }

func named(r query.Row) bool {
	template, _ := r.Number("datistemplate")
	return r.String("datname") != "" && template == 0
}

// writeDatabases names the first limit databases. Of the others sessions are added up,
// and of their ages and those of templates the highest counts, for it stops the server.
// What is counted is not added up: a database that gets a name would leave a gap.
func writeDatabases(b source.Batch, rows query.Rows, limit int) {
	first, rest := rows.Where(named).Cut(limit)
	query.Write(b, first, databaseColumns, byDatabase)

	points := backends.Points(b)
	for i := range first.Len() {
		if v, ok := first.Row(i).Number("numbackends"); ok {
			points.Add(v, byDatabase(first.Row(i))...)
		}
	}
	if v, ok := query.Sum(rest, "numbackends"); ok {
		points.Add(v, databaseName, query.Other)
	}

	templates := rows.Where(func(r query.Row) bool { return r.String("datname") != "" && !named(r) })
	for _, age := range []query.Column{{Name: "xid_age", Metric: xidAge}, {Name: "multixact_age", Metric: multixactAge}} {
		points := age.Metric.Points(b)
		for i := range first.Len() {
			if v, ok := first.Row(i).Number(age.Name); ok {
				points.Add(v, byDatabase(first.Row(i))...)
			}
		}
		a, ok := query.Max(rest, age.Name)
		if t, is := query.Max(templates, age.Name); is {
			a, ok = max(a, t), true
		}
		if ok {
			points.Add(a, databaseName, query.Other)
		}
	}
}

func writeSizes(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{{Name: "size", Metric: databaseSize}}, byDatabase)
}

// states that have points also while there are none, so that their lines do not break.
var states = []string{"active", "idle", "idle in transaction"}

// hidden is the state of a session that a role may not look at.
const hidden = "hidden"

// writeActivity returns how many sessions the role may not look at.
func writeActivity(b source.Batch, activity, preparedRows query.Rows) (concealed float64) {
	count, age := map[string]float64{}, map[string]float64{}
	order := append([]string(nil), states...)
	waiting := 0.0
	for _, s := range states {
		count[s] = 0
		if s != "idle" { // has no transaction
			age[s] = 0
		}
	}
	for i := range activity.Len() {
		r := activity.Row(i)
		state := r.String("state")
		n, _ := r.Number("sessions")
		if state == "" {
			state = hidden
			concealed += n
		}
		if _, ok := count[state]; !ok {
			order = append(order, state)
		}
		count[state] += n
		if n, ok := r.Number("blocked"); ok {
			waiting += n
		}
		if a, ok := r.Number("age"); ok {
			age[state] = max(age[state], a)
		}
	}
	p := sessions.Points(b)
	for _, s := range order {
		p.Add(count[s], "state", s)
	}
	blocked.Points(b).Add(waiting)
	p = transactionAge.Points(b)
	for _, s := range order {
		if a, ok := age[s]; ok {
			p.Add(max(a, 0), "state", s)
		}
	}
	if a, ok := preparedRows.First().Number("age"); ok {
		p.Add(max(a, 0), "state", "prepared")
	}
	query.Write(b, preparedRows, []query.Column{{Name: "prepared", Metric: prepared}}, nil)
	return concealed
}

func writeLocks(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{{Name: "locks", Metric: locks}},
		func(r query.Row) []string {
			return []string{"mode", r.String("mode"), "lock_type", r.String("locktype")}
		})
}

func writeWriter(b source.Batch, rows query.Rows) { query.Write(b, rows, writerColumns, nil) }

func writeWAL(b source.Batch, rows query.Rows) { query.Write(b, rows, walColumns, nil) }

func writeWALFiles(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{{Name: "size", Metric: walSize}, {Name: "age", Metric: walAge}}, nil)
}

func writeArchiver(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{
		{Name: "archived_count", Metric: archived, Attributes: []string{"result", "archived"}},
		{Name: "failed_count", Metric: archived, Attributes: []string{"result", "failed"}},
	}, nil)
}

func writeReplicas(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{
		{Name: "delay", Metric: replicaData},
		{Name: "write_lag", Metric: replicaLag, Attributes: []string{"operation", "write"}},
		{Name: "flush_lag", Metric: replicaLag, Attributes: []string{"operation", "flush"}},
		{Name: "replay_lag", Metric: replicaLag, Attributes: []string{"operation", "replay"}},
	}, func(r query.Row) []string {
		return []string{"replication_client", r.String("client"), "application_name", r.String("application_name")}
	})
}

func writeSlots(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{{Name: "retained", Metric: slotHeld}},
		func(r query.Row) []string { return []string{"slot", r.String("slot_name")} })
}

func writeStandby(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{{Name: "delay", Metric: standbyLag}, {Name: "receivers", Metric: receivers}}, nil)
}

// tables are the answers about those of some databases.
type tables struct{ rows, sizes, totals query.Rows }

// writeTables names those in rows; what the totals of a database have more are <other>.
func writeTables(b source.Batch, t tables) {
	query.Write(b, t.rows, tableColumns, byTable)
	query.Write(b, t.sizes, []query.Column{{Name: "size", Metric: tableSize}, {Name: "indexes", Metric: indexSize}}, byTable)
	query.Write(b, t.totals, []query.Column{{Name: "tables", Metric: tableCount}}, byDatabase)
	points := tableRows.Points(b)
	for _, state := range []string{"live", "dead"} {
		column := "n_" + state + "_tup"
		for i := range t.rows.Len() {
			if v, ok := t.rows.Row(i).Number(column); ok {
				points.Add(v, append(byTable(t.rows.Row(i)), "state", state)...)
			}
		}
		for i := range t.totals.Len() {
			total := t.totals.Row(i)
			its := t.rows.Where(func(r query.Row) bool { return r.String("datname") == total.String("datname") })
			n, _ := total.Number("tables")
			sum, _ := query.Sum(its, column)
			if all, ok := total.Number(column); ok && int(n) > its.Len() {
				points.Add(max(all-sum, 0), databaseName, total.String("datname"), schemaName, query.Other, tableName, query.Other, "state", state)
			}
		}
	}
}

func byTable(r query.Row) []string {
	return []string{databaseName, r.String("datname"), schemaName, r.String("schemaname"), tableName, r.String("relname")}
}
