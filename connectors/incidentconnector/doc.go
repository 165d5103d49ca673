// Package incidentconnector turns findings into incidents: it holds the engine of
// package incident, feeds it with findings and with who calls whom, tells what
// becomes of incidents as log records, and keeps all of it across restarts.
package incidentconnector
