package dashboards

import "github.com/tidewatch/tidewatch/signals"

// logsElasticsearch answers the same as logsLoki, of logs in Elasticsearch.
func logsElasticsearch() *Dashboard {
	b := newBoard(uidLogsElasticsearch, "Logs and patterns (Elasticsearch)", "What is new in the logs, or much more than usual, and what do the lines say?", "logs")
	b.variables(elasticsearchVariable(), tempoVariable(),
		elasticsearchVariableOf("host", "Host", "host.name").some("* OR (NOT _exists_:host.name)"),
		elasticsearchVariableOf("service", "Service", "service.name").some("* OR (NOT _exists_:service.name)"),
		levelVariable("* OR (NOT _exists_:log.level)", "(error OR fatal OR critical)", "(warn OR warning)", "(debug OR trace)"),
		textVariable("search", "Search", "Words that lines must contain, or log.pattern.id:ID, in Lucene's syntax; * shows all. A click on a pattern in the table fills it in.", "*"),
	)
	// Lines are what is no finding and no incident; some have no service, those of files for example.
	const (
		where    = `(service.name:$service) AND (host.name:$host)`
		ordinary = where + ` AND NOT _exists_:finding.id AND NOT _exists_:incident.id`
		errors   = ordinary + ` AND log.level:(error OR fatal OR critical)`
		chosen   = ordinary + ` AND (${search:raw}) AND (log.level:${level:raw})`
		finding  = where + ` AND finding.kind:`
	)
	byPattern := DataLink{Title: "Lines of this pattern", URL: dashboardURL(uidLogsElasticsearch, `var-search=log.pattern.id:${__data.fields["log.pattern.id"]}&${service:queryparam}&${host:queryparam}`, sameTime)}
	count := func(query string) *Target { return documents(query, "lines", overTime()) }
	different := func(query string) *Target { return distinct(query, "finding.id") }

	b.row("What is new or much more?")
	b.add(4, 4,
		stat("Lines", "How many lines were written within the time shown.", "none", count(ordinary)).summed().sparkline().empty("no lines: is this service chosen rightly?"),
		stat("Errors", "Lines of level error or worse within the time shown.", "none", count(errors)).summed().colored("green", 10.0, "orange", 100.0, "red").sparkline(),
		stat("New patterns", "Kinds of lines that were never seen before, within the time shown. After a rollout some are normal; without one, read them.",
			"none", different(finding+signals.KindPatternNew)).summed().colored("green", 1.0, "orange", 10.0, "red").empty("0"),
		stat("Floods", "Kinds of lines that came much more often than usual at this hour, within the time shown.",
			"none", different(finding+`(`+signals.KindPatternFlood+` OR `+signals.KindPatternSpike+`)`)).summed().colored("green", 1.0, "orange", 5.0, "red").empty("0"),
		stat("Silences", "Kinds of lines, or whole services, that stopped coming within the time shown. Often the first sign that something hangs.",
			"none", different(finding+signals.KindPatternSilence)).summed().colored("green", 1.0, "orange", 5.0, "red").empty("0"),
		stat("Services that log", "Services with at least one line within the time shown.", "none", distinct(where, "service.name")).summed(),
	)
	b.add(12, 8,
		chart("Lines by level", "Lines for each step of time. A red part that grows without the rest growing is a new fault, not more traffic.", "none",
			documents(ordinary, "{{term log.level}}", terms("log.level", "10"), overTime())).bars().levels(),
		chart("Errors by service", "Lines of level error or worse for each step of time. The service that began is mostly the cause.", "none",
			documents(errors, "{{term service.name}}", terms("service.name", "10"), overTime())).bars().empty("no errors").
			leads(toTraces(`${__field.labels["service.name"]}`), toDashboard("The service", uidServices, `var-service=${__field.labels["service.name"]}`)),
	)

	b.row("Patterns: lines that differ only in numbers, names and times")
	b.add(12, 9,
		table("Most frequent patterns", "The 20 kinds of lines that come most often, with what they say. Click one to see its lines below.",
			documents(ordinary+` AND _exists_:log.pattern.id`, "", terms("log.pattern.id", "20"), terms("log.record.template", "1"), terms("service.name", "1"))).
			transform("organize", organize{Rename: map[string]string{"log.pattern.id": "Pattern", "log.record.template": "Template", "service.name": "Service", "Count": "Lines"}}).
			sorted("Lines").override("Lines", set("unit", "none"), set("decimals", 0)).override("Pattern", set("links", []DataLink{byPattern}), set("custom.width", 160)),
		lines("What changed", "Findings about patterns, newest first: new, flooding, silent, suddenly errors, with another value, or replaced by a rollout. Open one for its template.",
			documentLines(finding+`pattern_* AND NOT finding.state:resolved`)),
	)
	b.row("The lines")
	b.add(columns, 14, lines("Lines", "The newest lines that fit what is chosen above. Open one for its fields; trace.id leads to its trace.", documentLines(chosen)))
	return b.done()
}
