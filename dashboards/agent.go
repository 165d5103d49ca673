package dashboards

import "strings"

// agent answers: does the agent deliver everything? Its numbers are those that the
// agent serves about itself, which Prometheus must scrape.
func agent() *Dashboard {
	b := newBoard(uidAgent, "The agent itself", "Does the agent deliver everything that it reads, and what does it cost?", "agent")
	b.variables(prometheusVariable(), promVariable("instance", "Agent", "otelcol_process_uptime", "instance").some(".+"))
	const here = `{instance=~"$instance"}`
	sent := func(of, window string) string {
		return together(of, window, "otelcol_exporter_sent_log_records", "otelcol_exporter_sent_metric_points", "otelcol_exporter_sent_spans")
	}
	dropped := func(of, window string) string {
		return together(of, window, "tidewatch_exporter_dropped_items", "tidewatch_queue_dropped_items")
	}
	refused := together("increase", "$__range", "otelcol_receiver_refused_log_records", "otelcol_receiver_refused_metric_points", "otelcol_receiver_refused_spans")
	const queue = `max by (instance, exporter, data_type) (otelcol_exporter_queue_size` + here + `) / max by (instance, exporter, data_type) (otelcol_exporter_queue_capacity` + here + ` > 0)`

	b.row("Does everything arrive?")
	b.add(4, 4,
		stat("Agents", "Agents that answered the last scrape. Fewer than hosts: one is down, or Prometheus does not reach its port 4323.", "none", prom(`count(otelcol_process_uptime`+here+`)`, "agents")).empty("none: Prometheus must scrape port 4323"),
		stat("Given up", "Records that were given up for good within the time shown: refused by a backend, damaged on disk, or beyond a limit that was set. 0 is normal; the table has the reasons.",
			"none", promNow(`sum(`+dropped("increase", "$__range")+`) or vector(0)`)).digits(0).colored("green", 1.0, "red"),
		stat("Waiting", "Records in queues that a backend has not taken yet. Some hundreds are normal; a number that grows means that a backend is slower than what comes, or down.",
			"none", prom(`sum(tidewatch_queue_items`+here+`) or vector(0)`, "waiting")).digits(0).colored("green", 10000.0, "orange", 1e6, "red").sparkline(),
		stat("Fullest queue", "When it is full, readers wait: nothing is lost, but what is shown elsewhere is late.", "percentunit", prom(`max(`+queue+`) or vector(0)`, "full")).most(1).digits(0).colored("green", 0.5, "orange", 0.8, "red").sparkline(),
		stat("Backends left alone", "Endpoints that failed so often that only now and then a request tries them. 0 is normal; tidewatch doctor on the host says why.",
			"none", prom(`sum(tidewatch_exporter_circuit_state`+here+` == bool 2) or vector(0)`, "endpoints")).colored("green", 1.0, "red"),
		stat("Refused at the door", "Records that senders were told to bring again, within the time shown, because the agent had no room. Senders try again; 0 is normal.",
			"none", promNow(`sum(`+refused+`) or vector(0)`)).digits(0).colored("green", 1.0, "orange", 1000.0, "red"),
	)
	b.add(columns, 7,
		table("Delivery ledger", "For each exporter: what the backend took, what waits, and what was given up, within the time shown. Accepted is exported, queued and dropped together; tidewatch doctor proves it to the record.",
			promRows(`sum by (instance, exporter) (`+sent("increase", "$__range")+`)`),
			promRows(`sum by (instance, exporter) (tidewatch_queue_items`+here+`)`),
			promRows(`max by (instance, exporter) (`+queue+`)`),
			promRows(`sum by (instance, exporter) (`+dropped("increase", "$__range")+`)`),
			promRows(`max by (instance, exporter) (tidewatch_exporter_circuit_state`+here+`)`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename: map[string]string{
				"instance": "Agent", "exporter": "Exporter", "Value #A": "Exported", "Value #B": "Queued", "Value #C": "Queue", "Value #D": "Given up", "Value #E": "Backend",
			},
		}).sorted("Given up").override("Exported", set("unit", "short"), set("decimals", 0)).override("Queued", set("unit", "short"), set("decimals", 0)).share("Queue", 0.5, 0.8).
			shade("Given up", "short", "transparent", 1.0, "red").override("Given up", set("decimals", 0)).
			override("Backend", set("mappings", []Mapping{{Type: "value", Options: map[string]Mapped{
				"0": {Text: "answers", Color: "green"}, "1": {Text: "is tried", Color: "orange", Index: 1}, "2": {Text: "left alone", Color: "red", Index: 2},
			}}}), set("custom.cellOptions", CellOptions{Type: "color-text"})),
	)

	b.row("What goes through")
	b.add(12, 8,
		chart("Taken in", "Records per second by signal, before anything is done with them. A gap is a source that stopped, or an agent that did.", "none",
			prom(`sum by (otel_signal) (rate(otelcol_processor_incoming_items{instance=~"$instance", processor="memory_limiter"}[$__rate_interval]))`, "{{otel_signal}}")),
		chart("Exported", "Records per second that each backend took.", "none", prom(`sum by (exporter) (`+sent("rate", "$__rate_interval")+`)`, "{{exporter}}")),
		chart("Waiting in queues", "Records that wait for each backend. A saw-tooth is normal; a slope is a backend that is down or too slow.", "none",
			prom(`sum by (exporter) (tidewatch_queue_items`+here+`)`, "{{exporter}}")),
		chart("Given up, by reason", "Records that are gone for good, by exporter and reason. Anything here deserves a look: the exporter's page in the documentation explains each reason.", "none",
			prom(`sum by (exporter, reason) (`+dropped("rate", "$__rate_interval")+`)`, "{{exporter}} {{reason}}"),
			prom(`sum(rate(tidewatch_exporter_retried_items`+here+`[$__rate_interval])) or vector(0)`, "sent again")),
	)

	b.row("What it costs, and what it cannot read")
	b.add(12, 8,
		chart("Memory", "Memory of the process. Around 60 MB is normal for a host; it holds what is in flight, patterns and baselines, all of them bounded.", "bytes",
			prom(`otelcol_process_memory_rss`+here, "{{instance}}"), prom(`otelcol_process_runtime_heap_alloc_bytes`+here, "{{instance}}: in use")),
		chart("Processor", "Processors in use. A hundredth is normal when idle; it rises with the lines read per second.", "none",
			prom(`rate(otelcol_process_cpu_seconds`+here+`[$__rate_interval])`, "{{instance}}")),
		chart("Series and points refused", "Points that found no room: more series than a limit allows. What is refused is passed on, but has no baseline or is not on the page; raise the limit or drop labels.", "none",
			prom(`sum by (reason) (rate(tidewatch_prometheus_refused_points`+here+`[$__rate_interval]))`, "page: {{reason}}"),
			prom(`sum(rate(tidewatch_anomaly_points_refused`+here+`[$__rate_interval])) or vector(0)`, "baselines"),
			prom(`sum(rate(tidewatch_red_overflow_spans`+here+`[$__rate_interval])) or vector(0)`, "services")),
		chart("What could not be read", "Lines and files per second that were cut, not understood or not opened. 0 is normal; the agent's own log names the file.", "none",
			prom(`sum(rate(tidewatch_tail_truncated_lines`+here+`[$__rate_interval])) or vector(0)`, "lines that were too long"),
			prom(`sum(rate(tidewatch_tail_invalid_lines`+here+`[$__rate_interval])) or vector(0)`, "lines that are not UTF-8"),
			prom(`sum(rate(tidewatch_tail_parser_panics`+here+`[$__rate_interval])) or vector(0)`, "lines that broke the parser"),
			prom(`sum(rate(tidewatch_tail_dropped_records`+here+`[$__rate_interval])) or vector(0)`, "lines given up"),
			prom(`sum(rate(tidewatch_tail_refused_files`+here+`[$__rate_interval])) or vector(0)`, "files that could not be opened"),
			prom(`sum(rate(otelcol_scraper_errored_metric_points`+here+`[$__rate_interval])) or vector(0)`, "measurements that failed")),
		chart("Disk space of queues and state", "Bytes on disk, and the limit. At the limit readers wait.", "bytes",
			prom(`sum by (storage) (tidewatch_segment_storage_bytes`+here+`)`, "{{storage}}"), prom(`max(tidewatch_segment_storage_limit_bytes`+here+`)`, "limit")),
		chart("What it holds", "Baselines by state, patterns and open incidents: all bounded, so a line that is flat at its limit means that the oldest are forgotten.", "none",
			prom(`sum by (state) (tidewatch_anomaly_series`+here+`)`, "baselines {{state}}"), prom(`sum(tidewatch_log_pattern_patterns`+here+`)`, "patterns"),
			prom(`sum(tidewatch_incident_held{instance=~"$instance", kind="open"})`, "open incidents")),
	)
	return b.done()
}

// together is a rate or an increase of several counters of the chosen agents. They have
// the same labels, so each gets one more: otherwise one would hide the others.
func together(of, window string, names ...string) string {
	parts := make([]string, 0, len(names))
	for _, n := range names {
		parts = append(parts, `label_replace(`+of+`(`+n+`{instance=~"$instance"}[`+window+`]), "counter", "`+n+`", "", "")`)
	}
	return strings.Join(parts, " or ")
}
