package change

import "strings"

// alarmWords mark a line as bad news where the log has no levels.
var alarmWords = [...]string{
	"error", "fail", "fatal", "panic", "exception", "refused", "denied", "timeout", "timed out", "unable", "cannot",
	"could not", "corrupt", "segfault", "abort", "crash", "killed", "unreachable", "critical", "out of memory", "no space", "reject",
}

// Alarming reports whether the words of a line of unknown severity tell of
// something that went wrong.
func Alarming(text string) bool {
	if len(text) > maxExample {
		text = text[:maxExample]
	}
	text = strings.ToLower(text)
	for _, w := range alarmWords {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
