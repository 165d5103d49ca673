//go:build e2e

package e2e

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sent is one log record as the application meant it.
type sent struct {
	time     time.Time
	severity string
	body     string
	traceID  string
	order    int
	tier     string
	file     string
}

// application writes numbered log lines and remembers each under its key
// "<marker> <kind> <number>", which is part of the message.
type application struct {
	t      *testing.T
	marker string
	dir    string
	sent   map[string]sent
	clock  time.Time
	// mayDouble are the kinds whose records a backend may hold more than once.
	mayDouble map[string]bool
}

// newApplication makes an application that logs to files in dir.
func newApplication(t *testing.T, dir string) *application {
	return &application{
		t: t, dir: dir, marker: "run" + randomHex(6), sent: map[string]sent{},
		clock: time.Now().Add(-time.Minute),
	}
}

// tick gives every record its own instant, with nanoseconds that a backend
// which cuts to milliseconds would lose.
func (a *application) tick() time.Time {
	a.clock = a.clock.Add(1_000_007 * time.Nanosecond)
	return a.clock
}

// now moves the application's clock to the present.
func (a *application) now() {
	if now := time.Now(); now.After(a.clock) {
		a.clock = now
	}
}

// writeJSON appends n JSON lines to app.json.log, with a trace id each.
func (a *application) writeJSON(n int) {
	a.append("app.json.log", func(f *os.File, number int, path string) {
		key, at := fmt.Sprintf("%s json %d", a.marker, number), a.tick()
		r := sent{time: at, severity: "ERROR", body: key + " payment failed", traceID: randomHex(32), order: 1000 + number, tier: "gold", file: path}
		_, err := fmt.Fprintf(f, `{"time":%q,"level":"error","message":%q,"order_id":%d,"customer":{"tier":"gold"},"trace_id":%q,"span_id":%q}`+"\n",
			at.UTC().Format(time.RFC3339Nano), r.body, r.order, r.traceID, randomHex(16))
		require.NoError(a.t, err)
		a.sent[key] = r
	}, "json", n)
}

// writePlain appends n plain lines with a leading timestamp and level to app.log.
func (a *application) writePlain(n int) {
	a.append("app.log", func(f *os.File, number int, path string) {
		key, at := fmt.Sprintf("%s plain %d", a.marker, number), a.tick()
		message := fmt.Sprintf("%s slow request took %d ms", key, 100+number%900)
		_, err := fmt.Fprintf(f, "%s WARN %s\n", at.UTC().Format(time.RFC3339Nano), message)
		require.NoError(a.t, err)
		a.sent[key] = sent{time: at, severity: "WARN", body: message, file: path}
	}, "plain", n)
}

// writeRefused appends n lines of a failing dependency to app.log, as an
// application does that tries again and again.
func (a *application) writeRefused(n int) {
	a.append("app.log", func(f *os.File, number int, path string) {
		key, at := fmt.Sprintf("%s refused %d", a.marker, number), a.tick()
		message := fmt.Sprintf("%s dial tcp 10.0.%d.%d:5432: connect: Connection refused", key, number%7, number%250)
		_, err := fmt.Fprintf(f, "%s ERROR %s\n", at.UTC().Format(time.RFC3339Nano), message)
		require.NoError(a.t, err)
		a.sent[key] = sent{time: at, severity: "ERROR", body: message, file: path}
	}, "refused", n)
}

// append calls write for the next n numbers of a kind.
func (a *application) append(name string, write func(*os.File, int, string), kind string, n int) {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(a.t, err)
	first := 0
	for ; ; first++ {
		if _, taken := a.sent[fmt.Sprintf("%s %s %d", a.marker, kind, first)]; !taken {
			break
		}
	}
	for i := range n {
		write(f, first+i, path)
	}
	require.NoError(a.t, f.Close())
}

// count is how many records of a kind were sent.
func (a *application) count(kind string) int {
	n := 0
	for key := range a.sent {
		if keyKind(key) == kind {
			n++
		}
	}
	return n
}

func randomHex(digits int) string {
	b := make([]byte, (digits+1)/2)
	for i := range b {
		b[i] = byte(1 + rand.IntN(255)) // no zero bytes: an id of zeros is invalid
	}
	return hex.EncodeToString(b)[:digits]
}
