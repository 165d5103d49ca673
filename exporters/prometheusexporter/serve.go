package prometheusexporter

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/common/expfmt"
)

// maxPooled is the capacity up to which a page's buffer is kept for the next one.
const maxPooled = 32 << 20

var (
	buffers = sync.Pool{New: func() any { return new([]byte) }}
	zippers = sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // fails on an unknown level only
		return z
	}}
)

// serve answers a scrape in the format that it asks for: the text format 0.0.4,
// OpenMetrics 1.0 or protobuf. The page is rendered whole before the first byte
// is sent, so that a slow reader holds up nobody.
func (e *metricsExporter) serve(w http.ResponseWriter, req *http.Request) {
	format := expfmt.NegotiateIncludingOpenMetrics(req.Header) //nolint:staticcheck // chooses among the very formats that the page is written in
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxPooled {
			buffers.Put(buf)
		}
	}()
	page, err := e.render((*buf)[:0], format)
	*buf = page
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	e.telemetry.scraped(req.Context(), format, len(page))
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	if !acceptsGzip(req.Header) {
		_, _ = w.Write(page) // the reader went away
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(w)
	_, _ = z.Write(page)
	_ = z.Close()
}

// render appends the page to b.
func (e *metricsExporter) render(b []byte, format expfmt.Format) (page []byte, err error) {
	e.store.view(e.now(), func(families []*family) {
		switch format.FormatType() {
		case expfmt.TypeProtoDelim, expfmt.TypeProtoText, expfmt.TypeProtoCompact:
			out := bytes.NewBuffer(b)
			err = writeProtobuf(out, format, families)
			page = out.Bytes()
		default:
			w := writer{b: b, openMetrics: format.FormatType() == expfmt.TypeOpenMetrics}
			w.page(families)
			page = w.b
		}
	})
	return page, err
}

func acceptsGzip(h http.Header) bool {
	for part := range strings.SplitSeq(h.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.ReplaceAll(q, " ", "") != "q=0"
		}
	}
	return false
}
