// Package redactprocessor takes passwords, keys, tokens and, where it is asked to, personal
// data out of logs, spans and metrics.
package redactprocessor
