package telemetry

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestQuiet(t *testing.T) {
	const failed = "Exporting failed. Will retry the request after interval."
	start := time.Date(2027, 3, 1, 3, 0, 0, 0, time.UTC)
	core, logs := observer.New(zapcore.InfoLevel)
	root := newQuiet(core)
	say := func(c zapcore.Core, at time.Duration, message string) {
		e := zapcore.Entry{Level: zapcore.InfoLevel, Time: start.Add(at), Message: message}
		if checked := c.Check(e, nil); checked != nil {
			checked.Write()
		}
	}
	of := func(id string) zapcore.Core {
		return root.With([]zapcore.Field{{Key: "otelcol.component.id", Type: zapcore.StringType, String: id}})
	}
	for i := range 100 { // an outage of a bit more than eight minutes
		say(of("loki"), time.Duration(i)*5*time.Second, failed)
	}
	say(of("elasticsearch"), time.Minute, failed)
	say(root, 0, "Extension started.")
	say(root, 0, "Readiness changed.")
	say(root, 0, "Readiness changed.")
	var got []string
	for _, e := range logs.All() {
		got = append(got, e.Message)
	}
	require.Equal(t, []string{
		failed, failed + " (59 more such lines since the last one)", failed, "Readiness changed.", "Readiness changed.",
	}, got, "of each component the first and one in five minutes; state changes are all said")

	core, logs = observer.New(zapcore.DebugLevel)
	say(newQuiet(core), 0, "Extension started.")
	require.Len(t, logs.All(), 1, "at level debug all is said")
}

func TestShutdownDropsNothing(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	logger := zap.New(newQuiet(core))
	logger.Error(dropping, zap.Error(errors.New("interrupted due to shutdown: connection refused")))
	logger.Error(dropping, zap.Error(errors.New("no space")))
	require.Equal(t, stays, logs.All()[0].Message)
	require.Equal(t, zapcore.InfoLevel, logs.All()[0].Level)
	require.Equal(t, dropping, logs.All()[1].Message)
	require.Equal(t, zapcore.ErrorLevel, logs.All()[1].Level)
}

func TestQuietIsBounded(t *testing.T) {
	r := repetitions{lines: map[string]*repetition{}}
	for i := range 2 * maxRepeating {
		_, say := r.pass(string(rune(i)), time.Time{})
		require.True(t, say)
	}
	require.Len(t, r.lines, maxRepeating)
}
