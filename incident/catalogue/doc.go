// Package catalogue is the knowledge base of error codes: what a code in a log line
// means, what it is usually caused by, what to look at first.
//
// The entries are YAML files, one per family of codes (errno, HTTP, SQLSTATE, ...),
// shipped in the binary and merged with those of the user's own folder. A Matcher
// finds the code that a line tells of; it is made once and then only read, so it is
// safe for concurrent use.
package catalogue
