// Package consoleexporter feeds the store that the console extension shows:
// watched series with their baselines, log lines and patterns, findings and
// traces. It is synchronous, keeps nothing of its own and never makes a
// pipeline wait or retry.
package consoleexporter
