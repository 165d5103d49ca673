// Package patternconnector derives from log records with a pattern how many
// lines each pattern has (metrics) and when a pattern behaves unlike its history
// (findings).
package patternconnector
