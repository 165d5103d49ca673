// Package watch keeps the set of servers that are read: it looks for them on this host,
// asks what it finds, reads those that answer, and tells of those that stop.
package watch
