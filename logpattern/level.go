package logpattern

import "strings"

// Level is the severity that a line states.
type Level uint8

// Levels of a line; NoLevel is one that states none.
const (
	NoLevel Level = iota
	Trace
	Debug
	Info
	Warn
	Error
	Fatal
)

// LevelOf reads the level from the header of a line, or from the level field of
// a JSON or logfmt line. It is for callers that have raw lines only; a receiver
// that parses its format knows better.
func LevelOf(line string) Level {
	line = line[:min(len(line), defaultMaxLine)]
	h := header{s: line}
	h.scan()
	if h.name != "" {
		return levelNamed(h.name)
	}
	for _, key := range [...]string{`"level":"`, `"severity":"`, `level="`, "level=", "lvl="} {
		if i := strings.Index(line, key); i >= 0 {
			v := line[i+len(key):]
			end := 0
			for end < len(v) && isLetter(v[end]) {
				end++
			}
			return levelNamed(v[:end])
		}
	}
	return NoLevel
}

func levelNamed(name string) Level {
	var buf [longestListed]byte
	b, ok := lowered(name, &buf)
	if !ok || len(b) == 0 {
		return NoLevel
	}
	switch string(b) {
	case "trace", "finest", "finer", "t":
		return Trace
	case "debug", "dbg", "fine", "verbose", "d", "v":
		return Debug
	case "info", "information", "inf", "notice", "i":
		return Info
	case "warn", "warning", "wrn", "w":
		return Warn
	case "error", "err", "severe", "e":
		return Error
	case "fatal", "f", "crit", "critical", "alert", "emerg", "emergency", "panic":
		return Fatal
	}
	return NoLevel
}
