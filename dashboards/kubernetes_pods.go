package dashboards

// kubernetesPods answers: which container restarts, is killed, or is held back by its limits?
func kubernetesPods() *Dashboard {
	b := newBoard(uidPods, "Kubernetes: pods", "Which container restarts, is killed for memory, or is held back by its limits?", "kubernetes")
	b.variables(prometheusVariable(), lokiVariable(), elasticsearchVariable(),
		promVariable("node", "Node", "node_memory_working_set_bytes", "k8s_node_name").some(".*"),
		promVariable("namespace", "Namespace", "container_memory_working_set_bytes", "namespace").some(".*"),
		promVariable("pod", "Pod", `container_memory_working_set_bytes{namespace=~"$namespace"}`, "pod").some(".*"),
	)
	const (
		here    = `{k8s_node_name=~"$node", namespace=~"$namespace", pod=~"$pod", container!="", container!="POD"}`
		network = `{k8s_node_name=~"$node", namespace=~"$namespace", pod=~"$pod"}`
		// The kubelet tells some of these twice, as cadvisor and as resources: hence the maximum.
		restarts = `max by (namespace, pod, container) (increase(kube_pod_container_status_restarts_total` + here + `[$__range]))`
		killed   = `max by (namespace, pod, container) (increase(container_oom_events_total` + here + `[$__range]))`
		cpu      = `max by (namespace, pod, container) (rate(container_cpu_usage_seconds_total` + here + `[$__rate_interval]))`
		memory   = `max by (namespace, pod, container) (container_memory_working_set_bytes` + here + `)`
		limit    = `(max by (namespace, pod, container) (container_spec_memory_limit_bytes` + here + `) > 0)`
		held     = `max by (namespace, pod, container) (rate(container_cpu_cfs_throttled_periods_total` + here + `[$__rate_interval])) / (max by (namespace, pod, container) (rate(container_cpu_cfs_periods_total` + here + `[$__rate_interval])) > 0)`
	)
	logsOf := podLogs("${__field.labels.namespace}", "${__field.labels.pod}")

	b.row("Is a container in trouble?")
	b.add(4, 4,
		stat("Restarts", "Containers that were started again within the time shown. 0 is normal outside of a rollout; the table says which, and their last lines say why.",
			"none", promNow(`sum(`+restarts+`)`)).digits(0).colored("green", 1.0, "orange", 5.0, "red"),
		stat("Killed for memory", "Containers that were killed within the time shown because they reached their memory limit. Raise the limit or find the leak.",
			"none", promNow(`sum(`+killed+`)`)).digits(0).colored("green", 1.0, "red"),
		stat("Closest to its memory limit", "The container that is closest to being killed for memory. Above 90 % raise its limit before it happens.",
			"percentunit", prom(`max(`+memory+` / `+limit+`)`, "of its limit")).most(1).digits(0).colored("green", 0.8, "orange", 0.9, "red").sparkline().empty("no limits set"),
		stat("Most held back", "The share of time slices in which the busiest container was stopped because it had used up its processor limit. Above 25 % it answers slowly: raise the limit.",
			"percentunit", prom(`max(`+held+`)`, "held back")).most(1).digits(0).colored("green", 0.1, "orange", 0.25, "red").sparkline().empty("no limits set"),
		stat("Processors in use", "Processors that these containers use together.", "none", prom(`sum(`+cpu+`)`, "processors")).digits(2).sparkline(),
		stat("Memory in use", "Memory of these containers that cannot be given back.", "bytes", prom(`sum(`+memory+`)`, "memory")).sparkline(),
	)

	b.row("Container by container")
	b.add(columns, 9,
		table("Containers", "Containers that are closest to their limits first. Click a pod for its log lines.",
			promRows(restarts), promRows(killed), promRows(memory+` / `+limit), promRows(held), promRows(cpu), promRows(memory),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename: map[string]string{
				"namespace": "Namespace", "pod": "Pod", "container": "Container", "Value #A": "Restarts", "Value #B": "Killed for memory", "Value #C": "Memory of limit",
				"Value #D": "Held back", "Value #E": "Processors", "Value #F": "Memory",
			},
		}).sorted("Memory of limit").shade("Restarts", "none", "transparent", 1.0, "orange", 5.0, "red").shade("Killed for memory", "none", "transparent", 1.0, "red").
			override("Killed for memory", set("decimals", 0)).share("Memory of limit", 0.8, 0.9).share("Held back", 0.1, 0.25).
			override("Processors", set("unit", "none"), set("decimals", 2)).override("Memory", set("unit", "bytes")).
			override("Pod", set("links", podLogs("${__data.fields.namespace}", "${__data.fields.pod}"))),
	)
	b.add(columns, 6,
		table("Why containers wait, or ended", "Containers that do not run, and how those that were started again had ended. CrashLoopBackOff: read its last lines. ImagePullBackOff: the image or the right to it is missing. OOMKilled: memory.",
			promRows(`max by (namespace, pod, container, reason) (kube_pod_container_status_waiting_reason`+here+` == 1)`),
			promRows(`max by (namespace, pod, container, reason) (kube_pod_container_status_last_terminated_reason`+here+` == 1)`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"namespace": "Namespace", "pod": "Pod", "container": "Container", "reason": "Reason", "Value #A": "Waits now", "Value #B": "Ended so before"},
		}).empty("All containers run.").shade("Waits now", "none", "transparent", 1.0, "red").override("Pod", set("links", podLogs("${__data.fields.namespace}", "${__data.fields.pod}"))),
	)
	b.add(12, 8,
		chart("Processors by container", "Processors in use by the ten busiest containers.", "none",
			prom(`topk(10, `+cpu+`)`, "{{namespace}}/{{pod}} {{container}}")).leads(logsOf...),
		chart("Memory by container", "Memory of the ten largest containers. A saw-tooth that rises is a leak; it ends at the limit.", "bytes",
			prom(`topk(10, `+memory+`)`, "{{namespace}}/{{pod}} {{container}}")).leads(logsOf...),
		chart("Held back by the processor limit", "Share of time slices in which a container was stopped. Above a quarter its answers are slow though the node may be idle.", "percentunit",
			prom(`topk(10, `+held+`)`, "{{namespace}}/{{pod}} {{container}}")).most(1).colored("transparent", 0.25, "red").empty("no container has a processor limit").leads(logsOf...),
		chart("Network traffic by pod", "Bytes per second received and, below zero, sent by the ten busiest pods.", "Bps",
			prom(`topk(10, sum by (namespace, pod) (rate(container_network_receive_bytes_total`+network+`[$__rate_interval])))`, "{{namespace}}/{{pod}} received"),
			prom(`-topk(10, sum by (namespace, pod) (rate(container_network_transmit_bytes_total`+network+`[$__rate_interval])))`, "{{namespace}}/{{pod}} sent")).anySign().leads(logsOf...),
	)
	return b.done()
}

// podLogs leads to a pod's lines, in either store.
func podLogs(namespace, pod string) []DataLink {
	return []DataLink{
		{Title: "Its lines (Loki)", URL: explore(loki, map[string]any{
			"queryType": "range", "expr": `{k8s_namespace_name="` + namespace + `"} | k8s_pod_name="` + pod + `"`,
		})},
		{Title: "Its lines (Elasticsearch)", URL: explore(elasticsearch, map[string]any{
			"query": `k8s.namespace.name:"` + namespace + `" AND k8s.pod.name:"` + pod + `"`, "timeField": "@timestamp",
			"metrics": []Aggregation{{ID: "1", Type: "logs"}}, "bucketAggs": []Aggregation{},
		})},
	}
}
