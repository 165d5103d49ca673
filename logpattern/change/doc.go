// Package change tells when the log patterns of one service behave unlike their
// own history: a pattern that was never seen, pours in, stops, becomes an error or
// has one value only, a new version of the service, a service that stops.
//
// What is ordinary is learned per pattern: its rate in every hour of the day and
// of the week, how its lines come in bursts, its busiest minute and its longest
// gap. State is bounded: about one kB per pattern, two where values are watched.
//
// The package computes only. A Detector belongs to one goroutine at a time and
// knows no clock: times come in with the lines and with Advance. Lines are
// placed by their own time, so that a file that is read late is judged as it
// was written.
package change
