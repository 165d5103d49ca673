package dashboards

// nginx answers: does nginx serve, and does it turn anybody away?
func nginx() *Dashboard {
	b := newBoard(uidNginx, "nginx", "Does nginx serve, and does it turn anybody away: requests, connections and those that it dropped?", tagMiddleware)
	b.variables(prometheusVariable(), promVariable("server", "Server", "nginx_requests_total", "instance").some(".*"))
	const (
		here    = `{instance=~"$server"}`
		asked   = `sum by (instance) (rate(nginx_requests_total` + here + `[$__rate_interval]))`
		dropped = `(sum by (instance) (rate(nginx_connections_accepted_total` + here + `[$__rate_interval])) - sum by (instance) (rate(nginx_connections_handled_total` + here + `[$__rate_interval])))`
	)
	b.row("Does it serve?")
	b.add(6, 4,
		stat("Servers that answer", "The share of nginx servers that the agent could read just now. Below 100 % one is down, or lost its page of stub_status.",
			"percentunit", prom(`avg(middleware_up_ratio{middleware_kind="nginx", instance=~"$server"})`, "answer")).most(1).digits(0).colored("red", 1.0, "green"),
		stat("Requests", "Per second, of all servers. A fall at a busy time means that clients do not get here: look at what is in front.",
			"reqps", prom(`sum(`+asked+`)`, "requests")).sparkline(),
		stat("Connections", "Open now, of all servers, idle keep-alive ones with them.",
			"none", prom(`sum(nginx_connections_current{instance=~"$server", state="active"})`, "open")).digits(0).sparkline(),
		stat("Dropped connections", "Per second. Anything but 0 means that clients are turned away: worker_connections or the limit of open files is used up.",
			"none", prom(`sum(`+dropped+`)`, "dropped")).colored("green", 0.001, "red").sparkline(),
	)
	b.row("What it does")
	b.add(12, 8,
		chart("Requests", "Per second. Two servers behind one balancer should have the same.", "reqps", prom(asked, "{{instance}}")),
		chart("Connections by what they do", "writing also waits for upstreams: if it grows while requests do not, what is behind nginx is slow. waiting is idle keep-alive.", "none",
			prom(`sum by (state) (nginx_connections_current{instance=~"$server", state!="active"})`, "{{state}}")).stacked(),
		chart("Requests per connection", "How often a connection is used again. Near 1 clients open one for each request, and TLS handshakes cost CPU.", "none",
			prom(asked+` / (sum by (instance) (rate(nginx_connections_handled_total`+here+`[$__rate_interval])) > 0)`, "{{instance}}")),
		chart("Dropped connections", "Per second: accepted and not handled. The error log says which limit was met.", "none", prom(dropped, "{{instance}}")),
	)
	return b.done()
}
