// Package dashboards writes Grafana dashboards for what the agent emits, in
// Grafana's classic JSON, and checks dashboards, its own and anybody's: that
// queries can be read, that metrics exist, that variables, links and bands lead
// somewhere. It is a plain library: values in, values and bytes out.
package dashboards

//go:generate go run ../cmd/agent dashboards render --out generated
