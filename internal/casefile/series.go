package casefile

import (
	"cmp"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tidewatch/tidewatch/rootcause"
)

// columns say what is measured by columns of metrics.csv; the factor leads to the
// unit of the role. Of columns of one role in a file the first one counts.
var columns = []struct {
	name   string
	role   rootcause.Role
	factor float64
}{
	{name: "cpu_pct", role: rootcause.CPU, factor: 0.01},
	{name: "mem_pct", role: rootcause.Memory, factor: 0.01},
	{name: "latency_avg_s", role: rootcause.Latency, factor: 1},
	{name: "server_p90_s", role: rootcause.Latency, factor: 1},
	{name: "availability_pct", role: rootcause.Failures, factor: -0.01},
	{name: "requests", role: rootcause.Requests, factor: 1},
	{name: perSecond, role: rootcause.Requests, factor: 1},
}

const perSecond = "ops_per_s"

type sample struct{ at, value float64 }

type seriesKey struct {
	service, callee, instance, name string
	role                            rootcause.Role
}

func readSeries(in *rootcause.Input, past, dir string, start float64) error {
	long, near := map[seriesKey][]sample{}, map[seriesKey][]sample{}
	if err := metrics(past, long); err != nil {
		return err
	}
	if err := metrics(filepath.Join(dir, "metrics.csv.gz"), near); err != nil {
		return err
	}
	calls, err := edges(filepath.Join(dir, "edges.csv.gz"), near)
	if err != nil {
		return err
	}
	if len(in.Calls) == 0 {
		in.Calls = calls
	}
	for k, samples := range near {
		s, step := split(samples, start)
		s.Service, s.Callee, s.Instance, s.Name, s.Role = k.service, k.callee, k.instance, k.name, k.role
		if older := long[k]; len(older) > 0 {
			s.Recent = s.Past
			s.Past = make([]float64, 0, len(older))
			for _, x := range older {
				s.Past = append(s.Past, x.value)
			}
		}
		if k.name == perSecond {
			for i := range s.Now {
				s.Now[i] *= step
			}
			for i := range s.Past {
				s.Past[i] *= step
			}
		}
		in.Series = append(in.Series, s)
	}
	slices.SortFunc(in.Series, func(a, b rootcause.Series) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Callee, b.Callee), cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// split parts samples, which stand for the time until the next one: what is mostly
// before the window is past, what is mostly within it is of now. The second result
// is the time from one to the next.
func split(samples []sample, start float64) (rootcause.Series, float64) {
	slices.SortFunc(samples, func(a, b sample) int { return cmp.Compare(a.at, b.at) })
	step := math.Inf(1)
	for i := 1; i < len(samples); i++ {
		if d := samples[i].at - samples[i-1].at; d > 1 {
			step = min(step, d)
		}
	}
	if math.IsInf(step, 1) {
		step = 60
	}
	var s rootcause.Series
	for _, x := range samples {
		if x.at+step*2/3 <= start {
			s.Past = append(s.Past, x.value)
		} else {
			s.Now = append(s.Now, x.value)
		}
	}
	return s, step
}

func metrics(name string, into map[seriesKey][]sample) error {
	return table(name, func(row []string, column map[string]int) error {
		at, err := strconv.ParseFloat(cell(row, column, "time_unix"), 64)
		if err != nil {
			return err
		}
		k := seriesKey{service: cell(row, column, "service"), instance: cell(row, column, "pod")}
		if node := cell(row, column, "node"); k.instance == "" && node != "" {
			k.service = node
		}
		for _, c := range columns {
			v, err := strconv.ParseFloat(cell(row, column, c.name), 64)
			if err != nil || math.IsNaN(v) {
				continue
			}
			if c.role == rootcause.Failures {
				v = 100 - v
				c.factor = 0.01
			}
			k.name, k.role = c.name, c.role
			into[k] = append(into[k], sample{at, v * c.factor})
		}
		return nil
	})
}

// edges reads how long calls take at their two ends; what the caller waits beyond
// what the callee takes is the time under way.
func edges(name string, into map[seriesKey][]sample) ([]rootcause.Call, error) {
	type moment struct {
		rootcause.Call
		at float64
	}
	type ends struct{ source, destination float64 }
	at := map[moment]ends{}
	graph := map[rootcause.Call]bool{}
	err := table(name, func(row []string, column map[string]int) error {
		t, err := strconv.ParseFloat(cell(row, column, "time_unix"), 64)
		if err != nil {
			return err
		}
		v, err := strconv.ParseFloat(cell(row, column, "p50_s"), 64)
		if err != nil || math.IsNaN(v) {
			return nil
		}
		m := moment{rootcause.Call{Caller: cell(row, column, "caller"), Callee: cell(row, column, "callee")}, t}
		graph[m.Call] = true
		e := at[m]
		if cell(row, column, "side") == "source" {
			e.source = v
		} else {
			e.destination = v
		}
		at[m] = e
		return nil
	})
	for m, e := range at {
		if e.source > 0 && e.destination > 0 {
			k := seriesKey{service: m.Caller, callee: m.Callee, name: "transfer", role: rootcause.Transfer}
			into[k] = append(into[k], sample{m.at, max(0, e.source-e.destination)})
		}
	}
	calls := make([]rootcause.Call, 0, len(graph))
	for c := range graph {
		calls = append(calls, c)
	}
	slices.SortFunc(calls, func(a, b rootcause.Call) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return calls, err
}
