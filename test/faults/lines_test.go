//go:build faults

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Every line holds its number twice, at its beginning and at its end, as a word
// that no format takes apart.
const (
	mark    = "tw"
	markLen = len(mark) + 10 + 1
)

func headMark(n int) string { return fmt.Sprintf("%s%010da", mark, n) }
func tailMark(n int) string { return fmt.Sprintf("%s%010dz", mark, n) }

// parseMark reads a mark; end tells which of the two it is.
func parseMark(b []byte) (n int, end, ok bool) {
	digits, side := b[len(mark):markLen-1], b[markLen-1]
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		n = 10*n + int(c-'0')
	}
	return n, side == 'z', side == 'a' || side == 'z'
}

// format appends a line in the manner of some kind of log, with its line end.
type format func(b []byte, n int) []byte

var epoch = time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)

func instant(n int) time.Time { return epoch.Add(time.Duration(n) * 137 * time.Microsecond) }

var levels = []string{"INFO", "INFO", "WARN", "DEBUG", "INFO", "ERROR"}

func message(n int) string {
	return fmt.Sprintf("%s processed order %d for customer c-%d in %d ms %s", headMark(n), n*7919%99991, n*31%977, n*17%4999, tailMark(n))
}

func plainLine(b []byte, n int) []byte {
	return fmt.Appendf(b, "%s %s [worker-%d] com.acme.orders.OrderService - %s\n", instant(n).Format("2006-01-02T15:04:05.000000Z"), levels[n%len(levels)], n%8, message(n))
}

func jsonLine(b []byte, n int) []byte {
	return fmt.Appendf(b, `{"time":%q,"level":%q,"logger":"com.acme.pay","msg":%q,"http":{"method":"GET","status":%d},"host":"web-%d"}`+"\n",
		instant(n).Format(time.RFC3339Nano), levels[n%len(levels)], message(n), 200+n%300, n%40)
}

// numbers hands out the numbers of the lines of one scenario.
type numbers struct{ written int }

// logFile is a file to which an application appends lines.
type logFile struct {
	w      *world
	path   string
	format format
	f      *os.File
	// held is the end of what was produced and is not written yet.
	held []byte
}

// create makes the file, and its folder, if they are not there.
func (w *world) create(f format, elem ...string) *logFile {
	w.t.Helper()
	l := &logFile{w: w, path: w.path(elem...), format: f}
	l.open()
	w.t.Cleanup(l.close)
	return l
}

func (l *logFile) open() {
	l.w.t.Helper()
	l.close()
	l.w.must(os.MkdirAll(filepath.Dir(l.path), 0o755))
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	l.w.must(err)
	l.f = f
}

func (l *logFile) close() {
	if l.f != nil {
		_ = l.f.Close() // nothing is buffered
		l.f = nil
	}
}

// write appends n lines at once.
func (l *logFile) write(n int) {
	l.w.t.Helper()
	b := l.held
	for range n {
		b = l.format(b, l.w.lines.written)
		l.w.lines.written++
	}
	l.held = nil
	l.raw(b)
}

// writeTorn appends n lines of which the last one stays unfinished until more is
// written.
func (l *logFile) writeTorn(n int) {
	l.w.t.Helper()
	b := l.held
	for range n {
		b = l.format(b, l.w.lines.written)
		l.w.lines.written++
	}
	cut := len(b) - l.w.rng.IntN(min(len(b), 60))
	l.held = append([]byte(nil), b[cut:]...)
	l.raw(b[:cut])
}

// raw appends bytes as they are.
func (l *logFile) raw(b []byte) {
	l.w.t.Helper()
	_, err := l.f.Write(b)
	l.w.must(err)
}

// paced calls write with the lines that are due, until total is reached, and
// notes the rate that the machine allowed.
func (w *world) paced(rate, total int, write func(n int)) {
	begin := time.Now()
	for done := 0; done < total; {
		due := min(int(time.Since(begin).Seconds()*float64(rate)), total)
		if n := due - done; n > 0 {
			write(n)
			done = due
		}
		w.rest(10 * time.Millisecond)
	}
	w.note("%.0f lines/s", float64(total)/time.Since(begin).Seconds())
}
