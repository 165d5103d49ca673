// Package querytest reads recorded answers of servers, and shows metrics as lines.
package querytest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

var update = flag.Bool("update", false, "write what is wanted anew")

// Rows reads testdata/VERSION/NAME.tsv; without such a file there are none.
func Rows(t testing.TB, version, name string) query.Rows {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", version, name+".tsv"))
	if os.IsNotExist(err) {
		return query.Rows{}
	}
	require.NoError(t, err)
	rows, err := query.Parse(string(text))
	require.NoError(t, err)
	return rows
}

// Batch returns one to write to, and what is in it.
func Batch(t testing.TB, kind string) (source.Batch, pmetric.Metrics) {
	t.Helper()
	server, err := source.Parse(kind, "", "db:1", 1)
	require.NoError(t, err)
	md := pmetric.NewMetrics()
	return server.Batch(md, time.Unix(100, 0), time.Unix(200, 0)), md
}

// Lines shows each point, sorted: name{attributes} value unit
// kind. No metric and no point may be there twice, and no metric without points.
func Lines(t testing.TB, md pmetric.Metrics) []string {
	t.Helper()
	var lines []string
	names := map[string]bool{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				require.False(t, names[m.Name()], "%s is there twice", m.Name())
				names[m.Name()] = true
				lines = append(lines, metric(t, m)...)
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func metric(t testing.TB, m pmetric.Metric) []string {
	kind, points := "gauge", pmetric.NumberDataPointSlice{}
	switch {
	case m.Type() == pmetric.MetricTypeGauge:
		points = m.Gauge().DataPoints()
	case m.Sum().IsMonotonic():
		kind, points = "counter", m.Sum().DataPoints()
	default:
		kind, points = "updown", m.Sum().DataPoints()
	}
	require.NotZero(t, points.Len(), m.Name())
	var lines []string
	seen := map[string]bool{}
	for _, p := range points.All() {
		var pairs []string
		for k, v := range p.Attributes().All() {
			pairs = append(pairs, k+"="+strconv.Quote(v.AsString()))
		}
		slices.Sort(pairs)
		key := m.Name() + "{" + strings.Join(pairs, ",") + "}"
		require.False(t, seen[key], "%s is there twice", key)
		seen[key] = true
		value := strconv.FormatInt(p.IntValue(), 10)
		if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
			value = strconv.FormatFloat(p.DoubleValue(), 'g', -1, 64)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s", key, value, m.Unit(), kind))
	}
	return lines
}

// Want compares with testdata/NAME, which -update writes.
func Want(t testing.TB, name string, lines []string) {
	t.Helper()
	path, text := filepath.Join("testdata", name), strings.Join(lines, "\n")+"\n"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}
