package logformat

import "strings"

// Severity is an OpenTelemetry severity number: 0 unknown, 1-4 trace, 5-8 debug,
// 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal.
type Severity uint8

// Severities as the OpenTelemetry log data model numbers them.
const (
	SeverityTrace  Severity = 1
	SeverityDebug  Severity = 5
	SeverityInfo   Severity = 9
	SeverityNotice Severity = 10
	SeverityWarn   Severity = 13
	SeverityError  Severity = 17
	SeverityFatal  Severity = 21
	severityAlert  Severity = 22
	severityEmerg  Severity = 24
)

// String returns trace, debug, info, warn, error or fatal, and "" for unknown.
func (s Severity) String() string {
	if s == 0 || s > 24 {
		return ""
	}
	return [...]string{"trace", "debug", "info", "warn", "error", "fatal"}[(s-1)/4]
}

const longestLevel = 13 // informational

// ParseSeverity recognises the words that logging libraries use for levels, in
// any case. Critical, alert and emergency count as fatal, notice as info, as in
// the data model's mapping for Google Cloud.
func ParseSeverity(word string) (Severity, bool) {
	if len(word) == 0 || len(word) > longestLevel {
		return 0, false
	}
	if c := word[0] | 0x20 - 'a'; int(c) < len(levelWords) {
		for _, l := range levelWords[c] {
			if len(l.word) == len(word) && equalsLower(word, l.word) {
				return l.severity, true
			}
		}
	}
	return 0, false
}

type levelWord struct {
	word     string
	severity Severity
}

// levelWords are the words for levels by their first letter.
var levelWords = func() (t [26][]levelWord) {
	for sev, words := range map[Severity]string{
		SeverityTrace:  "trace trc trac finest finer verbose vrb trce",
		SeverityDebug:  "debug dbg debu fine deb config dbug",
		SeverityInfo:   "info inf information informational log success",
		SeverityNotice: "notice note",
		SeverityWarn:   "warn warning wrn warni deprecation",
		SeverityError:  "error err erro eror severe failure",
		SeverityFatal:  "fatal ftl fata crit critical panic pnc dpanic",
		severityAlert:  "alert",
		severityEmerg:  "emerg emergency",
	} {
		for word := range strings.FieldsSeq(words) {
			c := word[0] - 'a'
			t[c] = append(t[c], levelWord{word, sev})
		}
	}
	return t
}()

// equalsLower reports whether s in small letters is low, which is as long.
func equalsLower(s, low string) bool {
	for i := range len(low) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != low[i] {
			return false
		}
	}
	return true
}

// severityLetter reads the one-letter levels of klog, MongoDB and Android.
func severityLetter(c byte) (Severity, bool) {
	switch c {
	case 'T', 'V':
		return SeverityTrace, true
	case 'D':
		return SeverityDebug, true
	case 'I':
		return SeverityInfo, true
	case 'N':
		return SeverityNotice, true
	case 'W':
		return SeverityWarn, true
	case 'E':
		return SeverityError, true
	case 'F', 'C', 'A':
		return SeverityFatal, true
	}
	return 0, false
}

// SyslogSeverity maps the severity part of a syslog priority (0 emergency to 7
// debug), which is also the PRIORITY of the journal and the level of GELF.
func SyslogSeverity(n int) (Severity, bool) {
	if n < 0 || n > 7 {
		return 0, false
	}
	return [...]Severity{severityEmerg, severityAlert, SeverityFatal, SeverityError, SeverityWarn, SeverityNotice, SeverityInfo, SeverityDebug}[n], true
}

// severityNumber maps the numeric levels of JSON loggers: the tens of bunyan and
// pino, and the digits of syslog.
func severityNumber(n int64) (Severity, bool) {
	switch {
	case n >= 10 && n <= 60:
		return [...]Severity{SeverityTrace, SeverityDebug, SeverityInfo, SeverityWarn, SeverityError, SeverityFatal}[(n-10)/10], true
	case n >= 0 && n <= 7:
		return SyslogSeverity(int(n))
	}
	return 0, false
}
