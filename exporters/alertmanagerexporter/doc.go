// Package alertmanagerexporter sends incidents and findings as alerts to the API v2 of
// one or several Alertmanagers, again and again while they hold, as Prometheus does.
package alertmanagerexporter
