package dashboards

// services answers: which service is slow or failing, and who else feels it?
func services() *Dashboard {
	b := newBoard(uidServices, "Services", "Which service is slow or failing, since when, and who calls it?", "services")
	b.variables(prometheusVariable(), lokiVariable(), tempoVariable(), promVariable("service", "Service", serviceCalls, "service_name").some(".+"))
	const (
		// A service is asked for by these spans; what it asks of others is not its own.
		asked = `{service_name=~"$service", span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"}`
		whole = `{service_name=~"$service", span_name=""}`
		part  = `{service_name=~"$service", span_name!=""}`
	)
	errors := `sum by (service_name) (rate(` + spanCalls + `{service_name=~"$service", span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER", status_code="STATUS_CODE_ERROR"}[$__rate_interval]))`
	calls := `sum by (service_name) (rate(` + spanCalls + asked + `[$__rate_interval]))`
	around := append(toLogs("var-service=${__field.labels.service_name}"), toTraces("${__field.labels.service_name}"), toSlowTraces("${__field.labels.service_name}"))
	row := append(rowToLogs("var-service=${__data.fields.service_name}"), toTraces("${__data.fields.service_name}"), toSlowTraces("${__data.fields.service_name}"),
		toDashboard("Only this service", uidServices, "var-service=${__data.fields.service_name}"))

	b.row("Which service is slow or failing?")
	b.add(4, 4,
		stat("Calls", "What these services are asked for, per second. A sudden half or double is a finding; half without a reason means that callers cannot reach them.",
			"reqps", prom(`sum(`+calls+`)`, "calls")).sparkline().empty("no spans: send OTLP to the agent"),
		stat("Calls that fail", "Share of calls that end in an error. Below 1 % is normal for most; the table names the worst service.",
			"percentunit", prom(`(sum(`+errors+`) or vector(0)) / sum(`+calls+`)`, "fail")).most(1).digits(1).colored("green", 0.01, "orange", 0.05, "red").sparkline(),
		stat("Slowest 1 %, worst service", "99 of 100 calls of the slowest service are faster than this.",
			"s", prom(`max(`+serviceP99+whole+`)`, "p99")).colored("green", 1.0, "orange", 3.0, "red").sparkline().empty("too few calls to say"),
		stat("Unusual services", "Services whose calls, errors or latency are outside of what is usual for them at this hour. 0 is normal.",
			"none", prom(`count(count by (service_name) (`+anomalyState+`{metric=~"tidewatch\\.service\\..+", service_name=~"$service"} == 2)) or vector(0)`, "unusual")).colored("green", 1.0, "orange", 3.0, "red").
			leads(toDashboard("Which ones", uidAnomalies, "${service:queryparam}")),
		stat("Services", "Services that were asked for something within the last minutes.", "none", prom(`count(count by (service_name) (`+serviceCalls+whole+`))`, "services")),
		stat("Errors in the logs", "Log lines of level error per second, of these services.", "none",
			prom(`sum(rate(`+logLines+`{service_name=~"$service", severity=~"error|fatal"}[$__rate_interval])) or vector(0)`, "lines")).digits(2).colored("green", 1.0, "orange").sparkline().leads(rowToLogs("${service:queryparam}")[0]),
	)

	b.row("Service by service")
	b.add(columns, 8,
		table("Services, the worst first", "Rate, errors and durations of the last minute. Click a service for its lines and traces.",
			promRows(`max by (service_name) (`+serviceErrors+whole+`)`),
			promRows(`max by (service_name) (`+serviceP99+whole+`)`),
			promRows(`max by (service_name) (`+serviceMean+whole+`)`),
			promRows(`sum by (service_name) (`+serviceCalls+whole+`)`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"service_name": "Service", "Value #A": "Fail", "Value #B": "Slowest 1 %", "Value #C": "Mean", "Value #D": "Calls per second"},
		}).sorted("Fail").share("Fail", 0.01, 0.05).shade("Slowest 1 %", "s", "transparent", 1.0, "orange", 3.0, "red").override("Mean", set("unit", "s")).
			override("Calls per second", set("unit", "reqps"), set("decimals", 1)).override("Service", set("links", row)),
	)
	b.add(8, 9,
		chart("Calls", "Calls per second. Compare with errors: both falling at once means that callers do not get through.", "reqps", prom(calls, "{{service_name}}")).leads(around...),
		chart("Calls that fail", "Share of calls that end in an error. The first service to rise is mostly the cause, those above it in the graph only feel it.", "percentunit",
			prom(`(`+errors+` or 0 * `+calls+`) / `+calls, "{{service_name}}")).most(1).colored("transparent", 0.05, "red").leads(around...),
		chart("Slowest 1 %", "99 of 100 calls are faster. Each dot is a trace that took so long: click it to see where its time went.", "ms",
			prom(quantile("0.99", spanDuration, asked, "service_name"), "{{service_name}}").exemplars()).leads(around...),
	)

	b.row("Who calls whom")
	b.add(columns, 8,
		table("Service graph", "Every pair of caller and called, those with most failures first. A service that all failing callers have in common is where to look.",
			promRows(`sum by (client, server, connection_type) (rate(`+graphFailed+`{client!=""}[$__rate_interval])) / sum by (client, server, connection_type) (rate(`+graphRequests+`{client!=""}[$__rate_interval]))`),
			promRows(`sum by (client, server, connection_type) (rate(`+graphRequests+`{client!=""}[$__rate_interval]))`),
			promRows(quantile("0.95", graphServer, `{client!=""}`, "client, server, connection_type")),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename: map[string]string{
				"client": "Caller", "server": "Called", "connection_type": "Kind", "Value #A": "Fail", "Value #B": "Calls per second", "Value #C": "Slowest 5 %",
			},
		}).sorted("Fail").share("Fail", 0.01, 0.05).override("Calls per second", set("unit", "reqps"), set("decimals", 1)).override("Slowest 5 %", set("unit", "s")).
			override("Called", set("links", []DataLink{
				toDashboard("Only this service", uidServices, "var-service=${__data.fields.server}"), toTraces("${__data.fields.server}"),
			})),
	)

	b.row("Operations and what they logged")
	b.add(columns, 8,
		table("Operations, the worst first", "The operations of the chosen services over the last minute; those with too few calls have no share of errors.",
			promRows(`topk(50, max by (service_name, span_name) (`+serviceErrors+part+`))`),
			promRows(`topk(50, max by (service_name, span_name) (`+serviceP99+part+`))`),
			promRows(`topk(50, sum by (service_name, span_name) (`+serviceCalls+part+`))`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"service_name": "Service", "span_name": "Operation", "Value #A": "Fail", "Value #B": "Slowest 1 %", "Value #C": "Calls per second"},
		}).sorted("Fail").share("Fail", 0.01, 0.05).shade("Slowest 1 %", "s", "transparent", 1.0, "orange", 3.0, "red").
			override("Calls per second", set("unit", "reqps"), set("decimals", 1)).override("Service", set("links", row)),
		lines("Errors of these services", "Their log lines of level error, newest first. Open a line for its trace.",
			logs(`{service_name=~"$service"} | detected_level=~"error|fatal|critical" | finding_id="" | incident_id=""`)),
	)
	return b.done()
}
