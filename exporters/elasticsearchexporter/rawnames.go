package elasticsearchexporter

import "strings"

// rawRole is what a well-known member of a JSON line says.
type rawRole uint8

const (
	rawOther rawRole = iota
	rawTime
	rawLevel
	rawMessage
	rawTrace
	rawSpan
)

// rawRoleOf recognises the few names that most logging libraries use.
func rawRoleOf(key string) rawRole {
	switch key {
	case "@timestamp", "timestamp", "time", "ts":
		return rawTime
	case "level", "severity", "log.level":
		return rawLevel
	case "message", "msg":
		return rawMessage
	case "trace_id", "traceId", "trace.id":
		return rawTrace
	case "span_id", "spanId", "span.id":
		return rawSpan
	}
	return rawOther
}

const (
	maxRawKnown  = 64  // names of one line
	maxRawToken  = 128 // bytes of one, with quotes and colon
	rawPatience  = 256 // names learned before lines whose names differ are only read
	rawAllowance = 8   // names that each line as expected allows again
)

// rawNames remembers the names of the line before: the next line of a program
// mostly has the same ones in the same order, and then a comparison is all that
// they cost. What is read does not depend on what is known. The zero value is ready.
type rawNames struct {
	known  []rawKnown
	at     int // of the name expected next
	spent  int // names learned, less what lines as expected have allowed again
	failed bool
}

type rawKnown struct {
	token string // `"name":`, as it stands in the line
	sum   uint32
	role  rawRole
}

func (k *rawNames) begin() { k.at, k.failed = 0, false }

// next returns the name that s begins with where it is the expected one.
func (k *rawNames) next(s string) *rawKnown {
	if k.failed || k.at >= len(k.known) || !strings.HasPrefix(s, k.known[k.at].token) {
		k.failed = true
		return nil
	}
	k.at++
	return &k.known[k.at-1]
}

// learn remembers a name that was not expected, and forgets those behind it.
func (k *rawNames) learn(token string, sum uint32, role rawRole) {
	if k.at >= maxRawKnown || len(token) > maxRawToken || k.spent >= rawPatience {
		return
	}
	k.spent++
	k.known = append(k.known[:k.at], rawKnown{strings.Clone(token), sum, role})
	k.at++
}

// end is called behind the line.
func (k *rawNames) end() {
	if !k.failed {
		k.spent = max(k.spent-rawAllowance, 0)
	}
}
