//go:build race

package alerts

const underRace = true
