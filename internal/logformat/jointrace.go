package logformat

import "strings"

// trace is the kind of stack trace that a record has run into.
type trace uint8

const (
	traceNone trace = iota
	tracePython
	tracePythonEnd // its last line was seen; a chained one may follow
	traceGo
	traceRust
	traceNode // it began with the source line of Node's uncaught exceptions
	traceOther
)

// startsReport recognises what runtimes print of themselves when a program dies.
// No logger writes it, so it is no part of the record before.
func startsReport(line string) bool {
	switch line[0] {
	case 'E':
		return strings.HasPrefix(line, "Exception in thread \"")
	case 'U':
		return strings.HasPrefix(line, "Unhandled exception. ") || strings.HasPrefix(line, "Unhandled Exception: ")
	case 'p':
		return strings.HasPrefix(line, "panic: ")
	case 'f':
		return strings.HasPrefix(line, "fatal error: ")
	case 't':
		return isRustPanic(line)
	case ' ':
		return strings.HasPrefix(line, "  + Exception Group Traceback (most recent call last):")
	}
	return false
}

func isRustPanic(line string) bool {
	return strings.HasPrefix(line, "thread '") && strings.Contains(line[:min(len(line), 200)], "' panicked at ")
}

// note follows the state of a stack trace.
func (j *Joiner) note(line string) {
	blank := isBlank(line)
	if j.blank = blank; blank {
		return
	}
	indented := line[0] == ' ' || line[0] == '\t'
	switch {
	case strings.HasPrefix(line, "Traceback (most recent call last):"):
		j.trace = tracePython
	case strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || isGoroutine(line):
		j.trace = traceGo
	case line[0] == 't' && isRustPanic(line):
		j.trace = traceRust
	case j.lines == 1 && isNodeSource(line):
		j.trace = traceNode
	case j.trace == tracePython && !indented:
		j.trace = tracePythonEnd
	case j.trace == traceNone && indented:
		j.trace = traceOther
	}
}

// continuesTrace reports whether the line, which does not begin a record by
// itself, belongs to the stack trace before it.
func (j *Joiner) continuesTrace(line string) bool {
	indented := line[0] == ' ' || line[0] == '\t'
	switch j.trace {
	case tracePython:
		return true
	case tracePythonEnd:
		return strings.HasPrefix(line, "During handling of the above exception") || strings.HasPrefix(line, "The above exception was the direct cause") ||
			j.blank && strings.HasPrefix(line, "Traceback (most")
	case traceGo:
		return indented || isGoroutine(line) || isGoFrame(line) || strings.HasPrefix(line, "[signal ") || strings.HasPrefix(line, "exit status ") || strings.HasPrefix(line, "panic: ")
	case traceRust:
		return indented || j.lines == 1 || strings.HasPrefix(line, "stack backtrace:") || strings.HasPrefix(line, "note: ")
	case traceNode:
		return indented || line[0] == '}' || strings.HasPrefix(line, "Node.js v") || j.blank && j.lines <= 5
	}
	if j.blank {
		return j.trace == traceOther && strings.HasPrefix(line, "Node.js v")
	}
	return indented || strings.HasPrefix(line, "Caused by: ") || strings.HasPrefix(line, "Suppressed: ") || strings.HasPrefix(line, "... ") ||
		j.trace == traceOther && (line[0] == '}' || strings.HasSuffix(line, " at") || strings.HasPrefix(line, "Node.js v"))
}

// isNodeSource recognises the position that Node prints above the code that threw:
// "/app/index.js:7", "file:///app/index.mjs:7", "node:internal/fs:7".
func isNodeSource(line string) bool {
	colon := strings.LastIndexByte(line, ':')
	if colon <= 0 || colon == len(line)-1 || digits(line[colon+1:]) != len(line)-colon-1 || strings.IndexByte(line, ' ') >= 0 {
		return false
	}
	return strings.HasPrefix(line, "node:") || strings.HasSuffix(line[:colon], "js") || strings.HasSuffix(line[:colon], ".ts")
}

func isGoroutine(line string) bool {
	return strings.HasPrefix(line, "goroutine ") && strings.HasSuffix(line, "]:")
}

// isGoFrame recognises "main.work(0x1, ...)" and "created by main.main in goroutine 1".
func isGoFrame(line string) bool {
	if strings.HasPrefix(line, "created by ") {
		return true
	}
	end := strings.IndexByte(line, '(')
	return end > 0 && strings.HasSuffix(line, ")") && strings.IndexByte(line[:end], ' ') < 0 && strings.IndexByte(line[:end], '.') > 0
}
