package alertwebhookreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/tidewatch/tidewatch/internal/listen/listentest"
)

func TestBombs(t *testing.T) {
	sink := &consumertest.LogsSink{}
	r := start(t, createDefaultConfig().(*Config), sink)
	for encoding, status := range listentest.PostBombs(t, "http://"+r.addr.String()+r.cfg.Path, "application/json") {
		require.Contains(t, []int{400, 413}, status, encoding)
	}
	require.Empty(t, sink.AllLogs())
}

// A token in a file is read again.
func TestTokenFile(t *testing.T) {
	a := listentest.New(t)
	cfg := createDefaultConfig().(*Config)
	cfg.TokenFile = a.Write("token", "correct-horse-battery-staple")
	r := start(t, cfg, &consumertest.LogsSink{})
	for token, want := range map[string]int{"": 401, "wrong-horse-battery-staple": 401, "correct-horse-battery-staple": 200} {
		code, answer := r.post(t, token, `{"version":"4"}`)
		require.Equal(t, want, code, token)
		require.NotContains(t, answer, "horse")
	}
	a.Write("token", "another-horse-battery")
	code, _ := r.post(t, "correct-horse-battery-staple", `{"version":"4"}`)
	require.Equal(t, 401, code)
	code, _ = r.post(t, "another-horse-battery", `{"version":"4"}`)
	require.Equal(t, 200, code)

	cfg = createDefaultConfig().(*Config)
	cfg.TokenFile = a.File("none")
	_, err := cfg.bearer().New()
	require.ErrorContains(t, err, "token_file")
}
