package remotewriteexporter

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// receiver is a remote write receiver whose answers are scripted: the next of
// answers for each request; where there is none, or nil, it takes the request as
// the specification says.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	only     string // v1 answers 415 to version 2, old looks at no header; empty takes both
	answers  []func(http.ResponseWriter)
	requests []*prompb.WriteRequest // that were taken, of either version
	second   []*writev2.Request     // those of version 2
	headers  []http.Header          // of all
	invalid  []string               // what a request had that it must not
}

func answer(status int, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		http.Error(w, "says why\nand more", status)
	}
}

func newReceiver(t testing.TB, answers ...func(http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.headers = append(r.headers, req.Header)
	var next func(http.ResponseWriter)
	if len(r.answers) > 0 {
		next, r.answers = r.answers[0], r.answers[1:]
	}
	r.mu.Unlock()
	if next != nil {
		next(w)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	raw, err := snappy.Decode(nil, b)
	if err != nil || req.URL.Path != defaultPath {
		http.Error(w, "not remote write", http.StatusTeapot)
		return
	}
	if req.Header.Get("Content-Type") != contentType2 || r.only == "old" {
		r.take1(w, raw)
	} else if r.only == "v1" {
		http.Error(w, "version 2 is not supported", http.StatusUnsupportedMediaType)
	} else {
		r.take2(w, raw)
	}
}

func (r *receiver) take1(w http.ResponseWriter, raw []byte) {
	var wr prompb.WriteRequest
	if err := wr.Unmarshal(raw); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.requests = append(r.requests, &wr)
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) take2(w http.ResponseWriter, raw []byte) {
	var wr writev2.Request
	if err := wr.Unmarshal(raw); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.second = append(r.second, &wr)
	out := &prompb.WriteRequest{}
	samples, histograms, exemplars := 0, 0, 0
	r.check(len(wr.Symbols) > 0 && wr.Symbols[0] == "", "the first symbol is not empty")
	sorted := slices.Sorted(slices.Values(wr.Symbols))
	r.check(len(slices.Compact(sorted)) == len(wr.Symbols), "symbols are not unique")
	for _, ts := range wr.Timeseries {
		r.check(len(ts.Samples)+len(ts.Histograms) > 0, "a series without samples")
		r.check(len(ts.Samples) == 0 || len(ts.Histograms) == 0, "a series with samples and histograms")
		r.check(ts.Metadata.Type != 0, "a series without a type")
		one := prompb.TimeSeries{Labels: r.labels(wr.Symbols, ts.LabelsRefs)}
		for _, s := range ts.Samples {
			one.Samples = append(one.Samples, prompb.Sample{Value: s.Value, Timestamp: s.Timestamp})
		}
		for _, h := range ts.Histograms {
			b, _ := h.Marshal()
			var h1 prompb.Histogram
			_ = h1.Unmarshal(b) // the fields are the same
			one.Histograms = append(one.Histograms, h1)
		}
		for _, x := range ts.Exemplars {
			one.Exemplars = append(one.Exemplars, prompb.Exemplar{Labels: r.labels(wr.Symbols, x.LabelsRefs), Value: x.Value, Timestamp: x.Timestamp})
		}
		samples, histograms, exemplars = samples+len(ts.Samples), histograms+len(ts.Histograms), exemplars+len(ts.Exemplars)
		out.Timeseries = append(out.Timeseries, one)
	}
	r.requests = append(r.requests, out)
	confirm(w, samples, histograms, exemplars)
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) check(ok bool, what string) {
	if !ok {
		r.invalid = append(r.invalid, what)
	}
}

func (r *receiver) labels(symbols []string, refs []uint32) (out []prompb.Label) {
	r.check(len(refs)%2 == 0, "an odd number of references")
	for i := 0; i+1 < len(refs); i += 2 {
		if int(refs[i]) >= len(symbols) || int(refs[i+1]) >= len(symbols) {
			r.check(false, "a reference without a symbol")
			return out
		}
		out = append(out, prompb.Label{Name: symbols[refs[i]], Value: symbols[refs[i+1]]})
		r.check(symbols[refs[i]] != "" && symbols[refs[i+1]] != "", "an empty label")
		r.check(i == 0 || symbols[refs[i-2]] < symbols[refs[i]], "labels that are not sorted, or repeated")
	}
	return out
}

func confirm(w http.ResponseWriter, samples, histograms, exemplars int) {
	for name, n := range map[string]int{"Samples": samples, "Histograms": histograms, "Exemplars": exemplars} {
		w.Header().Set("X-Prometheus-Remote-Write-"+name+"-Written", strconv.Itoa(n))
	}
}

// samples are "name{labels} value@ms", in the order in which they came.
func (r *receiver) samples() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, w := range r.requests {
		for _, ts := range w.Timeseries {
			var b strings.Builder
			for _, l := range ts.Labels {
				fmt.Fprintf(&b, "%s=%s ", l.Name, l.Value)
			}
			for _, s := range ts.Samples {
				v := fmt.Sprint(s.Value)
				if math.Float64bits(s.Value) == math.Float64bits(staleNaN) {
					v = "stale"
				}
				out = append(out, fmt.Sprintf("%s%s@%d", b.String(), v, s.Timestamp-t0.UnixMilli()))
			}
		}
	}
	return out
}

// calls is how many requests came.
func (r *receiver) calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.headers)
}

func converted(t testing.TB, e *metricsExporter, md pmetric.Metrics) *batch {
	t.Helper()
	b, err := e.convert(context.Background(), md)
	require.NoError(t, err)
	return b.(*batch)
}

// push takes a batch the way through the exporter, but for the queue.
func push(t testing.TB, e *metricsExporter, md pmetric.Metrics) error {
	t.Helper()
	return e.push(context.Background(), converted(t, e, md))
}
