// Package consoleextension serves the agent's local page and its JSON API from
// memory: this host's watched series with their bands, findings, log patterns
// and the health of the pipeline. The console exporter fills the store that this
// extension owns.
package consoleextension
