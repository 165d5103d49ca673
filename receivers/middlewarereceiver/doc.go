// Package middlewarereceiver reads the metrics of servers that most hosts have beside
// the applications: nginx, Redis, PostgreSQL, MySQL and Java virtual machines. It finds
// them on this host by itself.
package middlewarereceiver
