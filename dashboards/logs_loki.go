package dashboards

import (
	"maps"
	"strings"

	"github.com/tidewatch/tidewatch/signals"
)

// logsLoki answers: what is new or much more in the logs? It reads them from Loki.
func logsLoki() *Dashboard {
	b := newBoard(uidLogsLoki, "Logs and patterns (Loki)", "What is new in the logs, or much more than usual, and what do the lines say?", "logs")
	b.variables(lokiVariable(), tempoVariable(),
		lokiLabelVariable("host", "Host", "host_name").some(".+"),
		lokiLabelVariable("service", "Service", "service_name").some(".+"),
		levelVariable(".*", "error|fatal|critical", "warn|warning", "debug|trace"),
		textVariable("pattern", "Pattern", "The id of a log pattern; empty shows all. A click on a pattern in the table fills it in.", ""),
		textVariable("search", "Search", "Words or a regular expression that lines must contain; empty shows all.", ""),
	)
	const (
		streams  = `{service_name=~"$service", host_name=~"$host"}`
		ordinary = streams + ` | finding_id="" | incident_id=""`
		chosen   = streams + ` |~ "(?i)${search:raw}" | finding_id="" | incident_id="" | detected_level=~"${level:raw}" | log_pattern_id=~"${pattern:raw}.*"`
		changes  = streams + ` | finding_kind=~"pattern_.+" | finding_state!="resolved"`
	)
	byPattern := DataLink{Title: "Lines of this pattern", URL: dashboardURL(uidLogsLoki, "var-pattern=${__data.fields.log_pattern_id}&${service:queryparam}&${host:queryparam}", sameTime)}

	b.row("What is new or much more?")
	b.add(4, 4,
		stat("Lines per second", "How much is written. Ten times the usual is a flood: the table of patterns shows which line it is.",
			"none", logCounts(`sum(rate(`+ordinary+` [$__auto]))`, "lines")).digits(1).sparkline().empty("no lines: is this service chosen rightly?"),
		stat("Errors per second", "Lines of level error or worse.",
			"none", logCounts(`sum(rate(`+ordinary+` | detected_level=~"error|fatal|critical" [$__auto])) or vector(0)`, "errors")).digits(2).colored("green", 0.1, "orange", 1.0, "red").sparkline(),
		stat("New patterns", "Kinds of lines that were never seen before, within the time shown. After a rollout some are normal; without one, read them.",
			"none", logNow(`count(sum by (finding_id) (count_over_time(`+streams+` | finding_kind="`+signals.KindPatternNew+`" [$__range]))) or vector(0)`)).colored("green", 1.0, "orange", 10.0, "red"),
		stat("Floods", "Kinds of lines that came much more often than usual at this hour, within the time shown.",
			"none", logNow(`count(sum by (finding_id) (count_over_time(`+streams+` | finding_kind=~"`+signals.KindPatternFlood+`|`+signals.KindPatternSpike+`" [$__range]))) or vector(0)`)).colored("green", 1.0, "orange", 5.0, "red"),
		stat("Silences", "Kinds of lines, or whole services, that stopped coming within the time shown. Often the first sign that something hangs.",
			"none", logNow(`count(sum by (finding_id) (count_over_time(`+streams+` | finding_kind="`+signals.KindPatternSilence+`" [$__range]))) or vector(0)`)).colored("green", 1.0, "orange", 5.0, "red"),
		stat("Services that log", "Services with at least one line within the time shown.",
			"none", logNow(`count(sum by (service_name) (count_over_time(`+streams+` [$__range])))`)),
	)
	b.add(12, 8,
		chart("Lines by level", "Lines for each step of time. A red part that grows without the rest growing is a new fault, not more traffic.", "none",
			logCounts(`sum by (detected_level) (count_over_time(`+ordinary+` | detected_level=~"${level:raw}" [$__auto]))`, "{{detected_level}}")).bars().levels(),
		chart("Errors by service", "Lines of level error or worse for each step of time. The service that began is mostly the cause.", "none",
			logCounts(`sum by (service_name) (count_over_time(`+ordinary+` | detected_level=~"error|fatal|critical" [$__auto]))`, "{{service_name}}")).bars().empty("no errors").
			leads(toTraces("${__field.labels.service_name}"), toDashboard("The service", uidServices, "var-service=${__field.labels.service_name}")),
	)

	b.row("Patterns: lines that differ only in numbers, names and times")
	b.add(12, 9,
		table("Most frequent patterns", "The 20 kinds of lines that come most often. Click one to see its lines below.",
			logNow(`topk(20, sum by (log_pattern_id, service_name) (count_over_time(`+ordinary+` | log_pattern_id!="" | detected_level=~"${level:raw}" [$__range])))`),
		).rowsOfLabels("Value #A", "Lines").renamed(map[string]string{"log_pattern_id": "Pattern", "service_name": "Service"}).override("Pattern", set("links", []DataLink{byPattern})),
		lines("What changed", "Findings about patterns, newest first: new, flooding, silent, suddenly errors, with another value, or replaced by a rollout. Open one for its template.",
			logs(changes)),
	)
	b.row("The lines")
	b.add(columns, 14,
		lines("Lines", "The newest lines that fit what is chosen above. Open one for its fields; trace_id leads to its trace.", logs(chosen)),
	)
	return b.done()
}

// levelVariable chooses the levels of lines; what each choice means is said in the language of the store.
func levelVariable(all, errors, warnings, debug string) Variable {
	v := Variable{Type: "custom", Name: "level", Label: "Level", Current: &Choice{Selected: true, Text: "all", Value: all}}
	var choices []string
	for _, c := range [][2]string{{"all", all}, {"errors", errors}, {"warnings", warnings}, {"info", "info"}, {"debug", debug}} {
		choices = append(choices, c[0]+" : "+c[1])
		v.Options = append(v.Options, Choice{Selected: c[0] == "all", Text: c[0], Value: c[1]})
	}
	v.Query = strings.Join(choices, ", ")
	return v
}

// levels gives levels their colours.
func (p *Panel) levels() *Panel {
	for _, c := range [][2]string{
		{"fatal", "purple"}, {"critical", "purple"}, {"error", "red"}, {"warn", "orange"}, {"warning", "orange"}, {"info", "green"}, {"debug", "blue"}, {"trace", "light-blue"}, {"unknown", "text"},
	} {
		p = p.override(c[0], set("color", Color{Mode: "fixed", FixedColor: c[1]}))
	}
	return p
}

// rowsOfLabels makes a table of Loki's answer: a column for each label, and one for the value.
//
//go:noinline
func (p *Panel) rowsOfLabels(value, name string) *Panel {
	p = p.transform("labelsToFields", map[string]string{"mode": "columns"}).transform("merge", struct{}{})
	p = p.transform("organize", organize{Exclude: map[string]bool{"Time": true}, Rename: map[string]string{value: name, "Value": name}})
	return p.sorted(name).override(name, set("unit", "none"), set("decimals", 0))
}

// renamed gives columns a name for people.
//
//go:noinline
func (p *Panel) renamed(names map[string]string) *Panel {
	for i := range p.Transformations {
		if o, ok := p.Transformations[i].Options.(organize); ok {
			maps.Copy(o.Rename, names)
		}
	}
	return p
}
