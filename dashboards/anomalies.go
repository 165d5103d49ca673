package dashboards

import "github.com/tidewatch/tidewatch/signals"

// anomalies answers: what is unusual now, and what would be usual?
func anomalies() *Dashboard {
	b := newBoard(uidAnomalies, "Anomalies and baselines", "What is unusual now, by how much, and what does it look like beside what is usual?", "anomalies")
	b.variables(prometheusVariable(), lokiVariable(),
		promVariable("host", "Host", anomalyState, "host_name").some(".*"),
		promVariable("service", "Service", anomalyState, "service_name").some(".*"),
		promVariable("metric", "Metric", baselineObserved+`{host_name=~"$host", service_name=~"$service"}`, "metric"),
		promResultVariable("series", "Series", baselineObserved+`{metric="$metric", host_name=~"$host", service_name=~"$service"}`, "/"+baselineObserved+`\{(.*)\} /`),
	)
	const (
		chosen   = `{host_name=~"$host", service_name=~"$service"}`
		one      = `{${series:raw}}`
		findings = `{service_name=~".+", host_name=~"$host"} | finding_kind="` + signals.KindMetricAnomaly + `"`
	)
	b.annotate(Annotation{
		Name: "Anomalies", DataSource: loki, Enable: true, IconColor: "red", Expr: findings + ` | finding_state="` + signals.StateOpen + `" | finding_metric_name="$metric"`,
		Title: "{{finding_kind}}", Text: "{{finding_summary}}", TagKeys: "finding_severity,finding_metric_name",
	})
	state := func(is string) string { return `sum(` + anomalyState + chosen + ` == bool ` + is + `)` }
	here := []DataLink{
		toDashboard("What is usual for it", uidAnomalies, "var-metric=${__data.fields.metric}&var-host=${__data.fields.host_name}&var-service=$__all"),
		toDashboard("Its host", uidHost, "var-host=${__data.fields.host_name}"),
	}
	here = append(here, rowToLogs("var-host=${__data.fields.host_name}")...)
	// Only of series that are unusual; the sums change nothing, they leave labels out that say nothing.
	unusual := func(metric string) *Target {
		return promRows(`sum by (metric, host_name, service_name, span_name, device, mountpoint, direction, state) (` + metric + chosen + ` and (` + anomalyState + chosen + ` == 2))`)
	}

	b.row("What is unusual now?")
	b.add(4, 4,
		stat("Unusual", "Series that are outside of what is usual for them at this hour. 0 is normal; the table below says which.", "none", prom(state("2"), "unusual")).colored("green", 1.0, "orange", 5.0, "red").sparkline(),
		stat("Normal", "Series that are as usual.", "none", prom(state("1"), "normal")),
		stat("Adapting", "Series at a new level that has lasted so long that it is being learned as usual. After a planned change this is right; otherwise look at what changed.", "none", prom(state("3"), "adapting")).colored("green", 1.0, "orange"),
		stat("Learning", "Series without enough history to be judged. They never raise a finding; a new host has a day of it.", "none", prom(state("0"), "learning")),
		stat("History learned", "Of the series that are learning, how much of the history they need they have on average.", "percentunit", prom(`avg(`+baselineLearned+chosen+`) or vector(1)`, "learned")).most(1).digits(0),
		stat("Findings", "Anomalies that were told within the time shown.", "none",
			logNow(`count(sum by (finding_id) (count_over_time(`+findings+` [$__range]))) or vector(0)`)).colored("green", 1.0, "orange", 20.0, "red"),
	)
	b.add(columns, 7,
		table("Unusual series", "What each is now, what would be usual, and how surprising it is (0.5 is the edge of the band, 1 was never seen). An empty table is good news.",
			unusual(baselineObserved), unusual(baselineLower), unusual(baselineUpper), unusual(anomalyScore),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename: map[string]string{
				"metric": "Metric", "host_name": "Host", "service_name": "Service", "span_name": "Operation", "device": "Device", "mountpoint": "Mounted at", "direction": "Direction", "state": "State",
				"Value #A": "Now", "Value #B": "Usual from", "Value #C": "Usual to", "Value #D": "Surprise",
			},
		}).empty("Nothing is unusual.").sorted("Surprise").override("Now", set("unit", "short")).override("Usual from", set("unit", "short")).override("Usual to", set("unit", "short")).
			shade("Surprise", "none", "transparent", 0.5, "orange", 0.95, "red").override("Metric", set("links", here)),
	)

	b.row("One series, and what is usual for it")
	b.add(16, 10,
		chart("$metric", "The grey area is what was usual at this hour; red points are outside of it for long enough to count. Choose the series at the top. Rates of counters are per second.", "short",
			prom(baselineObserved+one, "now"),
			prom(baselineUpper+one, bandUpper),
			prom(baselineLower+one, bandLower),
			prom(baselineObserved+one+` and (`+anomalyState+one+` == 2)`, "unusual"),
		).anySign().banded().override("unusual", set("custom.drawStyle", "points"), set("custom.pointSize", 7), set("custom.showPoints", "always"), set("color", Color{Mode: "fixed", FixedColor: "red"})).
			leads(toLogs("${host:queryparam}")...),
	)
	b.add(8, 10,
		chart("Surprise", "0 is ordinary, 0.5 the edge of the band, 1 was never seen before. What stays above 0.5 becomes a finding.", "none",
			prom(anomalyScore+one, "surprise")).most(1).colored("transparent", 0.5, "orange", 0.95, "red"),
	)
	b.add(12, 7,
		table("The next two hours", "What the mean of five minutes is expected to be, and the range that held nine of ten. Forecasts begin after two hours of history, for series whose rule asks for them.",
			promRows(`sum by (horizon) (`+forecast+one+`)`), promRows(`sum by (horizon) (`+forecastLower+one+`)`), promRows(`sum by (horizon) (`+forecastUpper+one+`)`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"horizon": "In", "Value #A": "Expected", "Value #B": "At least", "Value #C": "At most"},
		}).empty("No forecast: it needs two hours of history.").override("Expected", set("unit", "short")).override("At least", set("unit", "short")).override("At most", set("unit", "short")),
		lines("Findings", "Anomalies as they were told, newest first. Open one for its receipt: observed, expected, band, same hour last week.", logs(findings)),
	)
	return b.done()
}
