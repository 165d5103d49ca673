// Package redconnector counts spans: calls, errors and durations per service and
// operation, and which service calls which.
package redconnector
