package logpattern_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern"
)

func TestLevelOf(t *testing.T) {
	for line, want := range map[string]logpattern.Level{
		"2026-03-01T10:00:00Z ERROR item lost":                          logpattern.Error,
		"[2026-03-01 10:00:00] [warn] item late":                        logpattern.Warn,
		"I0301 10:00:00.123456    1234 cart.go:120] item added":         logpattern.Info,
		"CRITICAL:cart:item lost":                                       logpattern.Fatal,
		"20260301-10:00:00:606|Cart|DEBUG|item seen":                    logpattern.Debug,
		`{"ts":1,"level":"warning","msg":"item late"}`:                  logpattern.Warn,
		`ts=1 level=err msg="item lost"`:                                logpattern.Error,
		"Mar  1 10:00:00 web-3 cart[4123]: item added":                  logpattern.NoLevel,
		"2026-03-01 10:00:00,123 Info                  CART item added": logpattern.Info,
		"": logpattern.NoLevel,
	} {
		require.Equal(t, want, logpattern.LevelOf(line), line)
	}
}
