package dashboards

// kubernetesNodes answers: is a node of the cluster in trouble? Its numbers are those
// of each node's kubelet, and of the host that the node is.
func kubernetesNodes() *Dashboard {
	b := newBoard(uidNodes, "Kubernetes: nodes", "Is a node short of processors, memory or disk, or does it not report?", "kubernetes")
	b.variables(prometheusVariable(), promVariable("node", "Node", "node_memory_working_set_bytes", "k8s_node_name").some(".*"))
	const (
		// The agent on a node calls its host by the node's name.
		cpu    = `max by (k8s_node_name) (rate(node_cpu_usage_seconds_total{k8s_node_name=~"$node"}[$__rate_interval])) / max by (k8s_node_name) (machine_cpu_cores{k8s_node_name=~"$node"})`
		memory = `max by (k8s_node_name) (node_memory_working_set_bytes{k8s_node_name=~"$node"}) / max by (k8s_node_name) (machine_memory_bytes{k8s_node_name=~"$node"})`
		pods   = `count by (k8s_node_name) (count by (k8s_node_name, namespace, pod) (container_memory_working_set_bytes{k8s_node_name=~"$node", pod!=""}))`
		disk   = `max by (k8s_node_name) (label_replace(system_filesystem_utilization_ratio{host_name=~"$node", mode="rw"}, "k8s_node_name", "$1", "host_name", "(.+)"))`
	)
	podsOf := toDashboard("Its pods", uidPods, "var-node=${__field.labels.k8s_node_name}")

	b.row("Are the nodes well?")
	b.add(4, 4,
		stat("Nodes that report", "Nodes whose kubelet answered. Fewer than the cluster has: the node or the agent on it is down.",
			"none", prom(`count(count by (k8s_node_name) (node_memory_working_set_bytes{k8s_node_name=~"$node"}))`, "nodes")).empty("none: does the agent read the kubelet?"),
		stat("Busiest node", "The processors in use of the busiest node. Above 90 % its pods wait; move some, or add a node.",
			"percentunit", prom(`max(`+cpu+`)`, "busy")).most(1).digits(0).colored("green", 0.8, "orange", 0.95, "red").sparkline(),
		stat("Fullest memory", "The memory in use of the fullest node. Above 90 % the kubelet begins to evict pods.",
			"percentunit", prom(`max(`+memory+`)`, "used")).most(1).digits(0).colored("green", 0.8, "orange", 0.9, "red").sparkline(),
		stat("Fullest filesystem", "The fullest filesystem of any node. Above 85 % the kubelet removes images and evicts pods.",
			"percentunit", prom(`max(`+disk+`)`, "used")).most(1).digits(0).colored("green", 0.75, "orange", 0.85, "red").sparkline(),
		stat("Pods", "Pods that run on these nodes. A node takes 110 by default.",
			"none", prom(`sum(`+pods+`)`, "pods")),
		stat("Killed for memory", "Containers that were killed within the time shown because they used up their memory. 0 is normal; the dashboard of pods says which.",
			"none", promNow(`sum(increase(container_oom_events_total{k8s_node_name=~"$node"}[$__range]))`)).digits(0).colored("green", 1.0, "orange", 5.0, "red").
			leads(toDashboard("Which ones", uidPods, "${node:queryparam}")),
	)

	b.row("Node by node")
	b.add(columns, 7,
		table("Nodes", "The nodes, the busiest first. Click a node for its host, or for its pods.",
			promRows(cpu), promRows(memory), promRows(disk), promRows(pods),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"k8s_node_name": "Node", "Value #A": "Processors", "Value #B": "Memory", "Value #C": "Fullest filesystem", "Value #D": "Pods"},
		}).sorted("Processors").share("Processors", 0.8, 0.95).share("Memory", 0.8, 0.9).share("Fullest filesystem", 0.75, 0.85).override("Pods", set("unit", "none"), set("decimals", 0)).
			override("Node", set("links", []DataLink{
				toDashboard("Its host", uidHost, "var-host=${__data.fields.k8s_node_name}"),
				toDashboard("Its pods", uidPods, "var-node=${__data.fields.k8s_node_name}"),
			})),
	)
	b.add(12, 8,
		chart("Processors in use", "Share of each node's processors. Nodes should be about alike; one that is not has a pod without a limit.", "percentunit", prom(cpu, "{{k8s_node_name}}")).most(1).colored("transparent", 0.9, "red").leads(podsOf),
		chart("Memory in use", "Share of each node's memory that cannot be given back. Eviction begins close to 100 %.", "percentunit", prom(memory, "{{k8s_node_name}}")).most(1).colored("transparent", 0.9, "red").leads(podsOf),
		chart("Network traffic of pods", "Bytes per second that the pods of each node receive and, below zero, send.", "Bps",
			prom(`sum by (k8s_node_name) (rate(container_network_receive_bytes_total{k8s_node_name=~"$node"}[$__rate_interval]))`, "{{k8s_node_name}} received"),
			prom(`-sum by (k8s_node_name) (rate(container_network_transmit_bytes_total{k8s_node_name=~"$node"}[$__rate_interval]))`, "{{k8s_node_name}} sent")).anySign().leads(podsOf),
		chart("Load per processor", "Programs that run or wait on the node's host, for each processor. Above 1 some wait.", "none",
			prom(`max by (host_name) (system_cpu_load_average_5m{host_name=~"$node"}) / max by (host_name) (system_cpu_logical_count{host_name=~"$node"})`, "{{host_name}}")).colored("transparent", 2.0, "red").
			leads(toDashboard("Its host", uidHost, "var-host=${__field.labels.host_name}")),
	)
	return b.done()
}
