// Package incident turns findings into incidents: what begins together and hangs
// together, by host, service graph and trace, is one incident with one cause,
// however many findings tell of it.
//
// The engine is a value without goroutines, clock or files. Findings are shown to
// it by Observe, what calls what by Edge and Place; Advance says what became of
// incidents. It is not safe for concurrent use.
package incident
