// Package change tells when the log patterns of one service behave unlike their
// own history: a pattern that was never seen, a pattern that pours in.
//
// The package computes only. A Detector belongs to one goroutine at a time and
// knows no clock: times come in with the lines and with Advance. Lines are
// placed by their own time, so that a file that is read late is judged as it
// was written.
package change
