// Package tailreceiver reads log files as they grow and turns their lines into
// log records. It promises that a line which it has read is never lost: the
// position in a file moves on only when the next consumer has taken the records,
// and after a crash reading resumes at the last checkpoint, never after it.
package tailreceiver
