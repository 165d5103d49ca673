package dashboards

import "github.com/tidewatch/tidewatch/signals"

const incidentsQuestion = "What is going on, what caused it, and who has it?"

// incidentsLoki answers: what is going on, and what is the cause? It reads incidents from Loki.
func incidentsLoki() *Dashboard {
	b := newBoard(uidIncidents, "Incidents (Loki)", incidentsQuestion, "incidents")
	b.variables(lokiVariable(), tempoVariable(), textVariable("incident", "Incident", "The id of an incident; empty shows all. A click on one in the table fills it in.", ""))
	const (
		changes = `{service_name=~".+"} | event_name="` + signals.EventIncident + `" | incident_id=~"${incident:raw}.*"`
		began   = `sum by (incident_id) (count_over_time(` + changes + ` | incident_change=~"opened|reopened" [$__range]))`
		ended   = `sum by (incident_id) (count_over_time(` + changes + ` | incident_change=~"resolved|merged" [$__range]))`
		finding = `{service_name=~".+"} | finding_id!=""`
		holds   = `count(` + began + ` > (` + ended + ` or 0 * ` + began + `)) or vector(0)`
	)
	count := func(what string) *Target {
		return logNow(`count(sum by (incident_id) (count_over_time(` + changes + what + ` [$__range]))) or vector(0)`)
	}
	b.row("What is going on?")
	b.add(4, 4,
		stat("Open", "Incidents that began within the time shown and have not ended. 0 is normal. If not, read the first line below: it names the cause.", "none", logNow(holds)).colored("green", 1.0, "red"),
		stat("Began", "Incidents that began within the time shown.", "none", count(` | incident_change="opened"`)).colored("green", 1.0, "orange", 10.0, "red"),
		stat("Critical", "Incidents within the time shown that were critical: effects where requests enter, or in several services.", "none", count(` | incident_severity="`+signals.SeverityCritical+`"`)).colored("green", 1.0, "red"),
		stat("Acknowledged", "Incidents that somebody has taken within the time shown.", "none", count(` | incident_change="acknowledged"`)),
		stat("Came back", "Incidents that were resolved and opened again within the time shown. Their cause was not removed.", "none", count(` | incident_change="reopened"`)).colored("green", 1.0, "orange", 3.0, "red"),
		stat("Findings", "Single observations from which incidents are made, within the time shown. Many findings and no incident is normal: most mean nothing alone.", "none",
			logNow(`count(sum by (finding_id) (count_over_time(`+finding+` [$__range]))) or vector(0)`)),
	)
	b.add(columns, 8, lines("What happened", "Each change of an incident, newest first: opened, updated, acknowledged, resolved. Open a line for cause, services and links.",
		logs(changes+` | line_format "{{.incident_severity}} {{.incident_state}}: {{.incident_title}} (cause: {{.incident_cause}}{{if .incident_owner}}, with {{.incident_owner}}{{end}}) {{.incident_id}}"`)))

	b.row("Causes and observations")
	b.add(12, 8,
		table("Causes", "Incidents by what caused them. One that is there again and again is worth a repair by day.",
			logNow(`sum by (incident_id, incident_cause, incident_severity) (count_over_time(`+changes+` [$__range]))`),
		).rowsOfLabels("Value #A", "Changes").renamed(map[string]string{"incident_id": "Incident", "incident_cause": "Cause", "incident_severity": "Severity"}).
			empty("No incident within the time shown.").override("Severity", set("mappings", severities()), set("custom.cellOptions", CellOptions{Type: "color-text"})).
			override("Incident", set("links", []DataLink{toDashboard("Only this one", uidIncidents, "var-incident=${__data.fields.incident_id}")})),
		chart("Findings by kind", "Observations for each step of time. What begins first is mostly nearest to the cause.", "none",
			logCounts(`sum by (finding_kind) (count_over_time(`+finding+` [$__auto]))`, "{{finding_kind}}")).bars().empty("no findings"),
	)
	b.add(12, 9,
		table("Root causes", "What the traces say: the service and operation that slow or failing requests have in common. Click a trace to see it.",
			logNow(`sum by (service_name, finding_operation, finding_fault, trace_id) (count_over_time({service_name=~".+"} | finding_kind="`+signals.KindRootCause+`" | finding_state!="resolved" [$__range]))`),
		).rowsOfLabels("Value #A", "Times").renamed(map[string]string{"service_name": "Service", "finding_operation": "Operation", "finding_fault": "Fault", "trace_id": "Trace"}).
			empty("No root cause within the time shown.").override("Trace", set("links", []DataLink{toTrace("${__data.fields.trace_id}")})).
			override("Service", set("links", []DataLink{toDashboard("The service", uidServices, "var-service=${__data.fields.service_name}"), toTraces("${__data.fields.service_name}")})),
		lines("Findings", "The observations, newest first: anomalies, changes of log patterns, causes found in traces, alerts.", logs(finding)),
	)
	return b.done()
}

// incidentsElasticsearch answers the same, of incidents in Elasticsearch.
func incidentsElasticsearch() *Dashboard {
	b := newBoard(uidIncidentsElastic, "Incidents (Elasticsearch)", incidentsQuestion, "incidents")
	b.variables(elasticsearchVariable(), tempoVariable(), textVariable("incident", "Incident", "The id of an incident; * shows all. A click on one in the table fills it in.", "*"))
	const (
		changes = `event.name:"` + signals.EventIncident + `" AND incident.id:${incident:raw}`
		finding = `event.name:"` + signals.EventFinding + `"`
	)
	count := func(what string) *Target { return distinct(changes+what, "incident.id") }
	b.row("What is going on?")
	b.add(4, 4,
		stat("Incidents", "Incidents that were open at some time within the time shown. 0 is normal. If not, read the first row below.", "none", count("")).summed().colored("green", 1.0, "orange").empty("0"),
		stat("Began", "Incidents that began within the time shown.", "none", count(" AND incident.change:opened")).summed().colored("green", 1.0, "orange", 10.0, "red").empty("0"),
		stat("Resolved", "Incidents that ended within the time shown. As many as began: all is over.", "none", count(" AND incident.change:(resolved OR merged)")).summed().empty("0"),
		stat("Critical", "Incidents within the time shown that were critical: effects where requests enter, or in several services.", "none", count(" AND incident.severity:"+signals.SeverityCritical)).summed().colored("green", 1.0, "red").empty("0"),
		stat("Acknowledged", "Incidents that somebody has taken within the time shown.", "none", count(" AND incident.change:acknowledged")).summed().empty("0"),
		stat("Findings", "Single observations from which incidents are made, within the time shown.", "none", distinct(finding, "finding.id")).summed().empty("0"),
	)
	b.add(columns, 9, table("What happened", "Each change of an incident, newest first, with its cause and who has it.", documentRows(changes)).
		transform("filterFieldsByName", includeNames{Include: fieldNames{[]string{
			"@timestamp", "incident.severity", "incident.state", "incident.change", "incident.title", "incident.cause", "incident.owner", "incident.services", "incident.id",
		}}}).
		transform("organize", organize{Rename: map[string]string{
			"@timestamp": "Time", "incident.severity": "Severity", "incident.state": "State", "incident.change": "Change", "incident.title": "What", "incident.cause": "Cause",
			"incident.owner": "With", "incident.services": "Services", "incident.id": "Incident",
		}}).empty("No incident within the time shown.").override("Severity", set("mappings", severities()), set("custom.cellOptions", CellOptions{Type: "color-text"})).
		override("Incident", set("links", []DataLink{toDashboard("Only this one", uidIncidentsElastic, `var-incident=${__data.fields["incident.id"]}`)})))
	b.row("Causes and observations")
	b.add(12, 8,
		chart("Findings by kind", "Observations for each step of time. What begins first is mostly nearest to the cause.", "none",
			documents(finding, "{{term finding.kind}}", terms("finding.kind", "15"), overTime())).bars().empty("no findings"),
		table("Root causes", "What the traces say: the service and operation that slow or failing requests have in common. Click a trace to see it.",
			documents(finding+` AND finding.kind:`+signals.KindRootCause+` AND NOT finding.state:resolved`, "", terms("service.name", "20"), terms("finding.operation", "5"), terms("trace.id", "3"))).
			transform("organize", organize{Rename: map[string]string{"service.name": "Service", "finding.operation": "Operation", "trace.id": "Trace", "Count": "Times"}}).
			empty("No root cause within the time shown.").sorted("Times").override("Times", set("unit", "none")).override("Trace", set("links", []DataLink{toTrace(`${__data.fields["trace.id"]}`)})).
			override("Service", set("links", []DataLink{toDashboard("The service", uidServices, `var-service=${__data.fields["service.name"]}`), toTraces(`${__data.fields["service.name"]}`)})),
	)
	b.add(columns, 9, lines("Findings", "The observations, newest first: anomalies, changes of log patterns, causes found in traces, alerts.", documentLines(finding)))
	return b.done()
}

// includeNames keeps the columns that it names.
type includeNames struct {
	Include fieldNames `json:"include"`
}

type fieldNames struct {
	Names []string `json:"names"`
}

// severities gives severities their colours.
func severities() []Mapping {
	return []Mapping{{Type: "value", Options: map[string]Mapped{
		signals.SeverityCritical: {Text: signals.SeverityCritical, Color: "red"},
		signals.SeverityWarning:  {Text: signals.SeverityWarning, Color: "orange", Index: 1},
		signals.SeverityInfo:     {Text: signals.SeverityInfo, Color: "blue", Index: 2},
	}}}
}
