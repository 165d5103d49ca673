// Package alertwebhookreceiver takes the alerts that an Alertmanager sends to a
// webhook, and makes findings of kind alert of them.
package alertwebhookreceiver
