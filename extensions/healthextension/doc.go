// Package healthextension serves /livez and /readyz. Ready means progress: the
// pipelines run and every exporter that has something to send advances.
package healthextension
