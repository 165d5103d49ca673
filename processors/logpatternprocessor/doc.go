// Package logpatternprocessor adds to every log record the id and the template of
// the pattern that its message belongs to.
package logpatternprocessor
