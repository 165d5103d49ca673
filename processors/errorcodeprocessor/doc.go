// Package errorcodeprocessor writes on log records the error code that their message
// tells of, and the class of trouble that it belongs to.
package errorcodeprocessor
