package elasticsearchexporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/lentbody"
	"github.com/tidewatch/tidewatch/internal/retryafter"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

// maxAnswer bounds what is read of a response: about 400 bytes for each of a
// hundred thousand failed documents.
const maxAnswer = 64 << 20

// maxComplaint bounds what is read of an answer that is an error.
const maxComplaint = 1 << 20

// answerFields keeps the response short: status and error of each document.
var answerFields = []string{"errors", "items.*.status", "items.*.error.type", "items.*.error.reason", "items.*.error.caused_by.reason"}

// bulk sends bodies. It is safe for concurrent use.
type bulk struct {
	transport   elastictransport.Interface
	timeout     time.Duration
	maxBytes    int
	compressor  *compressor // nil: not compressed
	gate        *breaker.Gate
	counter     *undelivered.Counter
	logger      *zap.Logger
	deadLetters *deadLetters // nil: refused documents are only counted
	letterFile  *letterFile  // likewise
	answered    func()       // called when the server has answered
	pace        *pace
}

// sending is the state of one send.
type sending struct {
	body    *body
	left    []int // items to send again, ascending
	err     error // the first reason for left
	wait    time.Duration
	refused []refusal
	// repeated is how many the server had already.
	repeated int
}

// refusal is a document that the server will never take.
type refusal struct {
	number         int
	reason, detail string
}

// send delivers the body's items in requests of at most maxBytes. It returns
// the numbers of those to send again, ascending, and why.
func (b *bulk) send(ctx context.Context, body *body) ([]int, error) {
	s := &sending{body: body}
	b.sendAll(ctx, s)
	b.bury(ctx, s)
	if s.err != nil && s.wait > 0 {
		return s.left, exporterhelper.NewThrottleRetry(s.err, s.wait)
	}
	return s.left, s.err
}

// sendAll sends the body once, up to the first request that says that the server
// is in trouble: more would add to it.
func (b *bulk) sendAll(ctx context.Context, s *sending) {
	for low := 0; low < len(s.body.items); {
		high := s.body.fit(low, b.pace.bytes(b.maxBytes))
		if !b.sendRange(ctx, s, low, high) {
			s.keep(high, len(s.body.items), s.err)
			return
		}
		low = high
	}
}

// fit returns the end of the longest range from low that has at most maxBytes,
// of at least one item.
func (b *body) fit(low, maxBytes int) int {
	high := low + 1
	for high < len(b.items) && b.items[high].end-b.items[low].start <= maxBytes {
		high++
	}
	return high
}

// keep marks items [low, high) as left to send.
func (s *sending) keep(low, high int, err error) {
	for i := low; i < high; i++ {
		s.left = append(s.left, i)
	}
	if s.err == nil {
		s.err = err
	}
}

// sendRange delivers items [low, high) and reports whether the server takes more.
func (b *bulk) sendRange(ctx context.Context, s *sending, low, high int) bool {
	status, header, answer, used, err := b.post(ctx, s.body, low, high)
	if err != nil {
		b.fail(ctx, s, low, high, err)
		return false
	}
	switch {
	case status >= 200 && status < 300:
		results, err := parseResults(answer, high-low)
		if err != nil {
			b.counter.Retry(ctx, "answer", s.body.weight(low, high))
			s.keep(low, high, err)
			return false
		}
		b.compressor.understood(used)
		b.pace.faster()
		b.answered()
		b.sort(ctx, s, low, results)
		return true
	case (status == http.StatusBadRequest || status == http.StatusUnsupportedMediaType) && b.compressor.giveWay(used):
		b.logger.Warn("The server does not understand zstd; sending gzip from now on.", zap.Int("status", status))
		return b.sendRange(ctx, s, low, high)
	case status == http.StatusRequestEntityTooLarge, status == http.StatusBadRequest:
		return b.sendHalves(ctx, s, low, high, status, answer)
	default:
		b.counter.Retry(ctx, strconv.Itoa(status), s.body.weight(low, high))
		s.wait = max(s.wait, retryafter.Wait(header, time.Now()))
		s.keep(low, high, fmt.Errorf("send bulk request: server answers %d: %s", status, excerpt(answer)))
		return false
	}
}

// fail keeps what did not get an answer.
func (b *bulk) fail(ctx context.Context, s *sending, low, high int, err error) {
	reason := "connection"
	if open, ok := errors.AsType[*breaker.OpenError](err); ok {
		reason = "circuit_open"
		s.wait = max(s.wait, open.Wait)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		reason = "timeout"
		b.pace.slower()
	}
	b.counter.Retry(ctx, reason, s.body.weight(low, high))
	s.keep(low, high, err)
}

// sendHalves narrows down which documents of a refused request are too large or
// break it; a single one that does is given up.
func (b *bulk) sendHalves(ctx context.Context, s *sending, low, high, status int, answer []byte) bool {
	why, judged := parseRefusal(answer)
	if status == http.StatusBadRequest && !judged {
		b.counter.Retry(ctx, strconv.Itoa(status), s.body.weight(low, high))
		s.keep(low, high, fmt.Errorf("send bulk request: server answers 400, but not as Elasticsearch does: %s", excerpt(answer)))
		return false
	}
	if high-low == 1 {
		r := refusal{number: low, reason: why.Type, detail: why.String()}
		if status == http.StatusRequestEntityTooLarge {
			r.reason, r.detail = "too_large", excerpt(answer)
		}
		s.refused = append(s.refused, r)
		return true
	}
	middle := low + (high-low)/2
	if !b.sendRange(ctx, s, low, middle) {
		s.keep(middle, high, s.err)
		return false
	}
	return b.sendRange(ctx, s, middle, high)
}

// sort puts each document of an answered request where it belongs.
func (b *bulk) sort(ctx context.Context, s *sending, low int, results []result) {
	repeated := 0
	for i, r := range results {
		switch {
		case r.stored():
		case r.repeated():
			repeated += s.body.weight(low+i, low+i+1)
		case r.refused():
			s.refused = append(s.refused, refusal{number: low + i, reason: r.Error.Type, detail: r.Error.String()})
		default:
			b.counter.Retry(ctx, strconv.Itoa(r.Status), s.body.weight(low+i, low+i+1))
			s.keep(low+i, low+i+1, fmt.Errorf("store document: server answers %d: %s", r.Status, r.Error))
		}
	}
	s.repeated += repeated
	if repeated > 0 {
		b.counter.Repeat(ctx, repeated)
	}
}

// packed are pooled buffers of compressed requests.
var packed = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// post sends items [low, high) as one request, bounded by the timeout, and
// reads the answer. used is nil where the body was not compressed.
func (b *bulk) post(ctx context.Context, body *body, low, high int) (status int, header http.Header, answer []byte, used *codec, err error) {
	p := body.buf[body.items[low].start:body.items[high-1].end]
	request := esapi.BulkRequest{FilterPath: answerFields, Header: http.Header{"Content-Type": {"application/x-ndjson"}}}
	var g lentbody.Guard
	if b.compressor == nil {
		defer func() { body.lent = body.lent || !g.Free() }()
	} else {
		buf := packed.Get().(*bytes.Buffer)
		buf.Reset()
		defer func() {
			if g.Free() && buf.Cap() <= maxPooled {
				packed.Put(buf)
			}
		}()
		used = b.compressor.codec()
		if err := used.compress(buf, p); err != nil {
			return 0, nil, nil, used, err
		}
		p = buf.Bytes()
		request.Header.Set("Content-Encoding", used.name)
	}
	if err := b.gate.Wait(ctx, len(p)); err != nil {
		return 0, nil, nil, used, err //nolint:wrapcheck // it says what it waits for
	}
	ctx, cancel := context.WithTimeout(lentbody.With(ctx, &g), b.timeout)
	defer cancel()
	request.Body = bytes.NewReader(p)
	response, err := request.Do(ctx, b.transport)
	if err != nil {
		return 0, nil, nil, used, fmt.Errorf("send bulk request: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 { // how it ends is of no interest
		answer, _ = io.ReadAll(io.LimitReader(response.Body, maxComplaint))
		return response.StatusCode, response.Header, answer, used, nil
	}
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, nil, used, fmt.Errorf("read bulk response: %w", err)
	}
	if len(answer) > maxAnswer {
		return 0, nil, nil, used, errors.New("read bulk response: it is larger than 64 MiB")
	}
	return response.StatusCode, response.Header, answer, used, nil
}

// excerpt is what of an answer is worth saying.
func excerpt(p []byte) string {
	const most = 300
	p = bytes.TrimSpace(p)
	if len(p) > most {
		p = append(bytes.Clone(p[:most]), "..."...)
	}
	return string(bytes.ToValidUTF8(p, nil))
}
