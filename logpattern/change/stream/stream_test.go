package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern/change/stream"
)

var start = time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)

// written collects the alerts as `minute service kind template @ line`.
type written struct{ lines []string }

func (w *written) add(a *stream.Alert) error {
	at := "-"
	if a.Line != nil {
		at = fmt.Sprint(*a.Line)
	}
	w.lines = append(w.lines, fmt.Sprintf("%.0f %s %s %s @ %s", time.UnixMilli(a.Time).Sub(start).Minutes(), a.Service, a.Kind, a.Template, at))
	return nil
}

func feed(t *testing.T, d *stream.Detector, at time.Duration, service, line string) {
	t.Helper()
	require.NoError(t, d.Add(fmt.Sprintf("%d\t%s\t%s", start.Add(at).UnixMilli(), service, line)))
}

func TestAlertsNameTheNewestLine(t *testing.T) {
	w := &written{}
	d := stream.New(stream.Options{}, w.add)
	for i := range 1200 {
		at := time.Duration(i) * 10 * time.Second
		feed(t, d, at, "cart", fmt.Sprintf("2026-03-09 10:00:00 INFO order %d paid", i))
		feed(t, d, at, "pay", fmt.Sprintf("2026-03-09 10:00:00 INFO card %d charged", i))
		if i >= 600 && i < 605 {
			feed(t, d, at, "pay", fmt.Sprintf("2026-03-09 10:00:00 ERROR bank %d refused the card", i))
		}
	}
	require.Equal(t, []string{"100 pay info bank <num> refused the card @ 1202", "100 pay new bank <num> refused the card @ 1208"}, w.lines)
	require.Equal(t, stream.Summary{Lines: 2405, Services: 2, Alerts: 2}, d.Summary())
}

// A service that stops is told of while the others go on, and by the time of the
// stream.
func TestAServiceStops(t *testing.T) {
	w := &written{}
	d := stream.New(stream.Options{}, w.add)
	for i := range 12 * 360 {
		at := time.Duration(i) * 10 * time.Second
		if i < 10*360 {
			feed(t, d, at, "cart", fmt.Sprintf("order %d paid", i))
		}
		feed(t, d, at, "pay", fmt.Sprintf("card %d charged", i))
	}
	require.Equal(t, []string{"609 cart silence  @ -"}, w.lines)
}

func TestSinceLearnsFromWhatItDoesNotTell(t *testing.T) {
	w := &written{}
	d := stream.New(stream.Options{Since: start.Add(2 * time.Hour)}, w.add)
	for i := range 1200 {
		feed(t, d, time.Duration(i)*10*time.Second, "cart", fmt.Sprintf("order %d paid", i))
		if i > 500 {
			feed(t, d, time.Duration(i)*10*time.Second, "cart", fmt.Sprintf("ERROR no stock of %d", i))
		}
	}
	require.Empty(t, w.lines)
}

func TestWrongLinesAreNamed(t *testing.T) {
	for _, bad := range []string{"x", "1\tcart", "soon\tcart\tline", "-5\tcart\tline", "9000000000001\tcart\tline"} {
		d := stream.New(stream.Options{}, new(written).add)
		feed(t, d, 0, "cart", "fine")
		require.ErrorContains(t, d.Add(bad), "read line 2", bad)
	}
}

func TestServicesAreLimited(t *testing.T) {
	d := stream.New(stream.Options{MaxServices: 2}, new(written).add)
	for i := range 5 {
		feed(t, d, 0, fmt.Sprint("s", i), "line")
	}
	require.Equal(t, stream.Summary{Lines: 5, Services: 2, Skipped: 3}, d.Summary())
}

func FuzzAdd(f *testing.F) {
	f.Add("1773050400000\tcart\torder 5 paid\n1773050500000\tcart\torder 6 paid\n1\tpay\tERROR lost\n8999999999999\tcart\tx")
	f.Fuzz(func(_ *testing.T, lines string) {
		d := stream.New(stream.Options{MaxServices: 4}, func(*stream.Alert) error { return nil })
		for line := range strings.Lines(lines) {
			_ = d.Add(strings.TrimSuffix(line, "\n"))
		}
	})
}
