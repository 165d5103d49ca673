// Package rootcause says what is the cause of slow or failing requests: spans,
// log patterns and metrics of a window go in, ranked suspects with evidence and a
// confidence come out, or none when it is not known.
//
// A [Summary] counts what happened in one stretch of time: how long each operation
// worked itself (its duration without its children), how long calls were under way
// between two services, what each operation usually calls, logs and fails with. A
// [Baseline] is several summaries of ordinary time, one after the other; how much
// they differ among themselves says how much a window may differ by chance.
// [Analyze] compares a window with it and attributes what changed to a service:
//
//   - time is lost where an operation itself takes longer, or on the way of a call,
//     where the end that all slow calls share is the suspect;
//   - an error is that of the deepest span that has it;
//   - a changed course (children or log lines that are missing or new) is that of
//     the service in which it happens, if nothing that it calls changed too;
//   - a caller that gives up early points at what it called last;
//   - without spans, lost time and lost requests flow from callees to callers, and
//     the cause is where more is lost than the callees explain.
//
// The package computes only: no goroutines, no clock, no files. A Summary is not
// safe for concurrent use; a Baseline may be read by many at once.
package rootcause
