package scrapereceiver

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/stretchr/testify/require"
)

// cadvisorPage is like a kubelet's: n samples of 50 pods.
func cadvisorPage(n int) []byte {
	var page strings.Builder
	names := []string{"cpu_usage_seconds_total", "memory_working_set_bytes", "fs_reads_total", "network_receive_bytes_total", "memory_rss"}
	for i, name := range names {
		fmt.Fprintf(&page, "# HELP container_%s Something of a container.\n# TYPE container_%[1]s %s\n", name, []string{"counter", "gauge"}[i&1])
		for s := range n / len(names) {
			fmt.Fprintf(&page, "container_%s{container=\"app-%d\",id=\"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod4f1c%[2]d.slice\",image=\"registry.example/shop/app:1.4\",name=\"4f1c8a52%[2]d\",namespace=\"shop\",pod=\"web-6d4b75cb6d-%[3]d\"} %[4]d.5 1795262400000\n", name, s, s%50, s)
		}
	}
	return []byte(page.String())
}

// The floor is textparse alone, which also makes the labels of a first scrape.
func BenchmarkPage(b *testing.B) {
	const samples = 1000
	page := cadvisorPage(samples)
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "us/1000samples")
		b.ReportAllocs()
	}
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			p, _ := textparse.New(page, textPage, nil, textparse.ParserOptions{})
			for {
				e, err := p.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if e == textparse.EntrySeries {
					p.Series()
				}
			}
		}
		report(b)
	})
	b.Run("floor with labels", func(b *testing.B) {
		for b.Loop() {
			p, _ := textparse.New(page, textPage, nil, textparse.ParserOptions{})
			for {
				e, err := p.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if e == textparse.EntrySeries {
					var ls labels.Labels
					p.Series()
					p.Labels(&ls)
				}
			}
		}
		report(b)
	})
	b.Run("scrape", func(b *testing.B) {
		t := newTestTarget(b, JobConfig{}, map[string]string{"node": "n1"})
		for b.Loop() {
			_, counts, err := t.parse(page, textPage, noon)
			require.NoError(b, err)
			require.Equal(b, samples, counts.kept)
		}
		report(b)
	})
	b.Run("first scrape", func(b *testing.B) {
		for b.Loop() {
			_, _, err := newTestTarget(b, JobConfig{}, map[string]string{"node": "n1"}).parse(page, textPage, noon)
			require.NoError(b, err)
		}
		report(b)
	})
}

// Whatever a target sends: no panic comes out, the places of the cache are given back, and
// each sample that the parser reads is kept or counted.
func FuzzParse(f *testing.F) {
	f.Add([]byte(page), uint8(0))
	f.Add(cadvisorPage(20), uint8(0))
	f.Add([]byte("# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2 # {trace_id=\"x\"} 1\na_count 2\n# TYPE a summary\na{quantile=\"0.5\"} NaN\n# EOF\n"), uint8(1))
	f.Add([]byte(endless), uint8(1))
	f.Add([]byte("# TYPE target info\ntarget_info{a=\"b\"} 1\n# TYPE x counter\nx_total 1\nx_created 1\n# EOF\n"), uint8(1))
	f.Add([]byte{0x21, 0xa, 1, 'a', 0x18, 4, 0x22, 0x1a, 0x3a, 0x18, 8, 2, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, uint8(2))
	types := []string{textPage, "application/openmetrics-text; version=1.0.0", "application/vnd.google.protobuf"}
	f.Fuzz(func(t *testing.T, body []byte, as uint8) {
		target := newTestTarget(t, JobConfig{}, nil)
		for range 2 {
			md, counts, err := target.parse(body, types[int(as)%len(types)], noon)
			if errors.Is(err, errParserPanic) {
				target.cache = newCache() // as scrape does
				continue
			}
			if err == nil {
				exported(md)
				require.LessOrEqual(t, counts.kept+counts.duplicate, counts.scraped)
			}
		}
		md, _ := target.over(noon)
		for _, line := range exported(md) {
			require.Contains(t, line, " stale")
		}
		require.True(t, target.cache.empty())
		require.Empty(t, target.cache.slots)
	})
}
