// Package logformat turns the bytes of a log line into a record: when it
// happened, how severe it is, what it says and the fields it carries. It knows
// the formats that programs and container runtimes write by themselves and needs
// no configuration; what it does not understand stays in the body, so a wrong
// guess never loses a line.
//
// It is plain computing: no files, no goroutines and no clock. Strings in a
// record are substrings of the line wherever nothing had to be unescaped.
package logformat
