// Package alerts is the ledger of alert rules: one YAML file per rule, which says who owns it, when it fires, what is
// to be done and by when, what it means (the runbook), which other alert makes it superfluous, and by which tests it is
// known to work. The ledger is the only source; the rules of Prometheus, Loki and Grafana, their unit tests, the
// routes of Alertmanager and the book for people are rendered from it, byte for byte the same for the same ledger.
//
// The package computes and nothing else: files come as fs.FS, dates as arguments, and results as bytes by file name.
package alerts
