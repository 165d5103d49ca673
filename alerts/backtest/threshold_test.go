package backtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/alerts/backtest"
)

func TestFindThreshold(t *testing.T) {
	for expr, want := range map[string]struct {
		op    string
		bound float64
		value string
		with  string // 7
	}{
		`up == 0`:                             {"==", 0, `up `, `up == 7`},
		`a > 5`:                               {">", 5, `a `, `a > 7`},
		`5 < a`:                               {">", 5, ` a`, `7 < a`},
		"rate(a{b=~\"x>5\"}[5m]) >= 1e-3":     {">=", 1e-3, "rate(a{b=~\"x>5\"}[5m]) ", "rate(a{b=~\"x>5\"}[5m]) >= 7"},
		`a / b > 14.4 * (1 - 0.999)`:          {">", 0.0144, `a / b `, `a / b > 7`},
		`(a > 5) and on (host) (b < 3)`:       {">", 5, `(a ) and on (host) (b < 3)`, `(a > 7) and on (host) (b < 3)`},
		`a > 5 and b > 3 unless c == 0`:       {">", 5, `a  and b > 3 unless c == 0`, `a > 7 and b > 3 unless c == 0`},
		`((a <= -1))`:                         {"<=", -1, `((a ))`, `((a <= 7))`},
		"a # > 3\n > 5":                       {">", 5, "a # > 3\n ", "a # > 3\n > 7"},
		"sum by (x) (a > 1)\n  >\n  2\n":      {">", 2, "sum by (x) (a > 1)\n  \n", "sum by (x) (a > 1)\n  > 7\n"},
		`predict_linear(a[1h], 4 * 3600) < 0`: {"<", 0, `predict_linear(a[1h], 4 * 3600) `, `predict_linear(a[1h], 4 * 3600) < 7`},
		`a > 0x10 ^ 0.5`:                      {">", 4, `a `, `a > 7`},
	} {
		t.Run(expr, func(t *testing.T) {
			got, ok := backtest.FindThreshold(expr)
			require.True(t, ok)
			require.Equal(t, want.op, got.Op)
			require.InDelta(t, want.bound, got.Bound, 1e-12)
			require.Equal(t, want.value, got.Value())
			require.Equal(t, strings.TrimSpace(want.with), strings.TrimSpace(got.With(7)))
			again, ok := backtest.FindThreshold(got.With(7))
			require.True(t, ok)
			require.Equal(t, got.Op, again.Op)
			require.Equal(t, 7.0, again.Bound)
		})
	}
}

func TestNoThreshold(t *testing.T) {
	for _, expr := range []string{
		``, `up`, `a > b`, `a > 5 or b > 3`, `a > bool 5`, `5 < bool a`, `a > 1 > 0`, `absent(up{job="x"})`, `a and b > 5`, `a > 5m`, `a > (`, `vector(1)`, `a > on (x) group_left () b`,
		`a > 5 * b`, `sum(a > 5)`, `a{b="> 5"}`, `(a > 5) * 2`, `a > ` + strings.Repeat("(", 99) + "1",
	} {
		_, ok := backtest.FindThreshold(expr)
		require.False(t, ok, expr)
	}
}

func FuzzFindThreshold(f *testing.F) {
	for _, expr := range []string{`a > 5 and b`, "(a{x=\"\\\"\"} <= -1e3)", `5 < a # x`, "a[5m] != `", "a > 0x_1"} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		backtest.Metrics(expr)
		got, ok := backtest.FindThreshold(expr)
		if !ok {
			return
		}
		require.Contains(t, []string{">", ">=", "<", "<=", "==", "!="}, got.Op)
		require.Less(t, len(got.Value()), len(expr))
		again, ok := backtest.FindThreshold(got.With(7))
		if ok { // broken expressions may change their meaning
			require.NotEmpty(t, again.Op)
		}
	})
}

func TestMetrics(t *testing.T) {
	for expr, want := range map[string]string{
		`up == 0`: "up",
		`sum by (host_name) (rate(a_total{b="c_total"}[5m])) / on (host_name) group_left (x) b > 1e3`: "a_total b",
		`{__name__="x:y", job=~"z"} > 5m and {"a.b"} unless absent(c offset 5m)`:                      "x:y a.b c",
		`histogram_quantile(0.99, sum without(le) (h_bucket)) > Inf # comment`:                        "h_bucket",
		`sum by(a) (m) > bool 0 or time() - m > 3600`:                                                 "m",
		`count(up) and sum`: "up sum",
		`vector(1)`:         "",
	} {
		require.Equal(t, want, strings.Join(backtest.Metrics(expr), " "), expr)
	}
}
