// Package rootcauseconnector holds the recent traces, compares the last minute with
// the time before and says, as a finding, what is the cause when requests become slow
// or fail. Findings and log lines that it gets, too, are evidence.
package rootcauseconnector
