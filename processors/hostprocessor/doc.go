// Package hostprocessor names the host on every resource that does not say
// where it comes from.
package hostprocessor
