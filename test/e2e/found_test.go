//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// found is one log record as a backend returns it.
type found struct {
	time     time.Time
	severity string
	body     string
	traceID  string
	order    string
	tier     string
	file     string
	host     string
	pattern  string
	// copies is how often the backend holds the record; labels are those of the last
	// copy and unlike what the one before it had otherwise.
	copies         int
	labels, unlike map[string]string
}

// keyOf finds the key of an application's record in its message.
func (a *application) keyOf(body string) (string, bool) {
	key := regexp.MustCompile(regexp.QuoteMeta(a.marker) + ` [a-z]+ \d+`).FindString(body)
	return key, key != ""
}

func keyKind(key string) string { return strings.Fields(key)[1] }

// missing says which records have not arrived, or nil when all have.
func (a *application) missing(in map[string]found) error {
	var lost []string
	for key := range a.sent {
		if _, ok := in[key]; !ok {
			lost = append(lost, key)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	slices.Sort(lost)
	return fmt.Errorf("%d of %d records are missing, for example %q", len(lost), len(a.sent), lost[:min(3, len(lost))])
}

// doubled counts the records that a backend holds more than once.
func doubled(in map[string]found) int {
	n := 0
	for _, f := range in {
		n += f.copies - 1
	}
	return n
}

// differences compares what arrived with what was sent, field by field. At most
// five are told.
func (a *application) differences(in map[string]found) []string {
	var diff []string
	say := func(key, field string, want, got any) {
		diff = append(diff, fmt.Sprintf("%s: %s is %v, sent %v", key, field, got, want))
	}
	for _, key := range slices.Sorted(maps.Keys(a.sent)) {
		want := a.sent[key]
		got, ok := in[key]
		if !ok {
			say(key, "record", "it", "absent")
			continue
		}
		if !got.time.Equal(want.time) {
			say(key, "time", want.time.UnixNano(), got.time.UnixNano())
		}
		if !strings.EqualFold(got.severity, want.severity) {
			say(key, "severity", want.severity, got.severity)
		}
		if got.body != want.body {
			say(key, "body", want.body, got.body)
		}
		if got.traceID != want.traceID {
			say(key, "trace id", want.traceID, got.traceID)
		}
		if want.order != 0 && got.order != fmt.Sprint(want.order) {
			say(key, "order_id", want.order, got.order)
		}
		if got.tier != want.tier {
			say(key, "customer.tier", want.tier, got.tier)
		}
		if want.file != "" && got.file != want.file {
			say(key, "file", want.file, got.file)
		}
		if got.host == "" {
			say(key, "host.name", "the host's", "empty")
		}
		if len(got.unlike) > 0 {
			say(key, "a label of one copy and of the other", "equal", fmt.Sprint(unlike(got.labels, got.unlike), " and ", got.unlike))
		}
		if len(diff) >= 5 {
			return diff[:5]
		}
	}
	return diff
}

// unlike returns those of a's labels that b has not or has otherwise.
func unlike(a, b map[string]string) map[string]string {
	var diff map[string]string
	for k, v := range a {
		if w, ok := b[k]; !ok || w != v {
			if diff == nil {
				diff = map[string]string{}
			}
			diff[k] = v
		}
	}
	return diff
}

// tally is the table of what was sent and what a backend's own query found.
type tally struct {
	rows []string
	bad  int
}

func (y *tally) row(backend, signal string, sent, found int) {
	mark := ""
	if sent != found {
		mark = "\tWRONG"
		y.bad++
	}
	y.rows = append(y.rows, fmt.Sprintf("%s\t%s\t%d\t%d%s", backend, signal, sent, found, mark))
}

// eventually adds a row when the count is as it was sent, or after a minute.
func (y *tally) eventually(backend, signal string, sent int, count func() (int, error)) {
	n, err := count()
	for end := time.Now().Add(time.Minute); (err != nil || n != sent) && time.Now().Before(end); n, err = count() {
		time.Sleep(500 * time.Millisecond)
	}
	if err != nil {
		signal += fmt.Sprintf(" (%v)", err)
	}
	y.row(backend, signal, sent, n)
}

// print writes the table and fails the test when a row is wrong.
func (y *tally) print(t *testing.T) {
	t.Helper()
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 4, 3, ' ', 0)
	_, _ = fmt.Fprintln(w, "backend\tsignal\tsent\tfound")
	for _, r := range y.rows {
		_, _ = fmt.Fprintln(w, r)
	}
	_ = w.Flush()
	t.Logf("\n%s", out.String())
	if y.bad > 0 {
		t.Errorf("%d rows are wrong", y.bad)
	}
}
