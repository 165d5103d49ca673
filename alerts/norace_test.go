//go:build !race

package alerts

const underRace = false
