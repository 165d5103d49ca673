// Package e2e tests the built binary as a person would use it: it is started as
// a process, fed with real files and the OpenTelemetry SDK, and every claim is
// checked by asking real backends through their own query APIs. The tests have
// the build tag e2e: `make e2e`.
package e2e
