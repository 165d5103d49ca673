package prometheusexporter

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// text1 is the text format with names of any UTF-8.
const text1 expfmt.Format = "text/plain; version=1.0.0; charset=utf-8"

// formats are those that a page can have, best first.
var formats = []expfmt.Format{
	expfmt.NewFormat(expfmt.TypeOpenMetrics), openMetrics001, expfmt.NewFormat(expfmt.TypeProtoDelim), text1, expfmt.NewFormat(expfmt.TypeTextPlain),
}

// openMetrics001 is asked for by old servers; what a page has is the same in it.
const openMetrics001 expfmt.Format = "application/openmetrics-text; version=0.0.1; charset=utf-8"

// maxPooled is the capacity up to which a page's buffer is kept for the next one.
const maxPooled = 32 << 20

var (
	buffers = sync.Pool{New: func() any { return new([]byte) }}
	zippers = sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // fails on an unknown level only
		return z
	}}
)

// negotiate chooses the format. Names in quotes are for formats that have them.
func negotiate(h http.Header) expfmt.Format {
	format := expfmt.NegotiateAccept(h, formats...)
	old := strings.Contains(string(format), "version=0.0.")
	if old && format.ToEscapingScheme() == model.NoEscaping {
		format = format.WithEscapingScheme(model.UnderscoreEscaping)
	}
	return format
}

// serve answers a scrape in the format that it asks for: the text format,
// OpenMetrics 1.0 or protobuf. The page is rendered whole before the first byte
// is sent, so that a slow reader holds up nobody.
func (e *metricsExporter) serve(w http.ResponseWriter, req *http.Request) {
	format := negotiate(req.Header)
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxPooled {
			buffers.Put(buf)
		}
	}()
	page := e.render((*buf)[:0], format)
	*buf = page
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
func (e *metricsExporter) render(b []byte, format expfmt.Format) (page []byte) {
	n := newNames(format.ToEscapingScheme(), e.cfg.UTF8Names)
	e.store.view(e.now(), func(families []*family) {
		if format.FormatType() == expfmt.TypeProtoDelim {
			w := messages{b: b, names: n}
			w.page(families)
			page = w.b
			return
		}
		w := writer{b: b, names: n, openMetrics: format.FormatType() == expfmt.TypeOpenMetrics}
		w.page(families)
		page = w.b
	})
	return page
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
