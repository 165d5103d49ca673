package lokiexporter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/golang/snappy"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tidewatch/tidewatch/internal/lentbody"
	"github.com/tidewatch/tidewatch/internal/retryafter"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

// maxAnswer bounds what is read of a response: Loki lists each line that it
// refuses.
const maxAnswer = 4 << 20

// pusher sends batches. It is safe for concurrent use.
type pusher struct {
	client   *http.Client
	url      string
	header   http.Header
	timeout  time.Duration
	maxBytes int
	counter  *undelivered.Counter
}

// send delivers a batch in pushes of at most maxBytes, one after the other. It
// returns the number of the first line that is left to send, and why.
func (p *pusher) send(ctx context.Context, b *batch) (int, error) {
	for low := 0; low < len(b.lines); {
		high := b.fit(low, p.maxBytes)
		if left, err := p.sendRange(ctx, b, low, high); err != nil {
			return left, err
		}
		low = high
	}
	return 0, nil
}

// sendRange delivers lines [low, high). On an error it returns the first line
// that is left.
func (p *pusher) sendRange(ctx context.Context, b *batch, low, high int) (int, error) {
	a, err := p.post(ctx, b, low, high)
	if err != nil {
		p.counter.Retry(ctx, "connection", high-low)
		return low, err
	}
	stranger := foreign(a.header.Get("Content-Type"), a.body)
	switch {
	case a.status >= 200 && a.status < 300 && !stranger:
		return high, nil
	case a.status == http.StatusBadRequest && !stranger:
		// The lines that Loki does not complain about are stored, so none is sent again.
		for _, r := range parseRefusal(string(a.body), high-low) {
			p.counter.Drop(ctx, r.reason, r.lines, excerpt(a.body))
		}
		return high, nil
	case a.status == http.StatusRequestEntityTooLarge:
		if high-low == 1 {
			p.counter.Drop(ctx, "too_large", 1, excerpt(a.body))
			return high, nil
		}
		middle := low + (high-low)/2
		if left, err := p.sendRange(ctx, b, low, middle); err != nil {
			return left, err
		}
		return p.sendRange(ctx, b, middle, high)
	}
	p.counter.Retry(ctx, strconv.Itoa(a.status), high-low)
	err = fmt.Errorf("push logs: server answers %d: %s", a.status, excerpt(a.body))
	if wait := retryafter.Wait(a.header, time.Now()); wait > 0 {
		err = exporterhelper.NewThrottleRetry(err, wait)
	}
	return low, err
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// buffers hold a push in plain and in snappy form.
type buffers struct{ plain, packed []byte }

var pooled = sync.Pool{New: func() any { return new(buffers) }}

// maxPooled bounds what an idle exporter keeps.
const maxPooled = 8 << 20

// post sends one push, bounded by the timeout.
func (p *pusher) post(ctx context.Context, b *batch, low, high int) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var guard lentbody.Guard
	buf := pooled.Get().(*buffers)
	defer func() {
		if guard.Free() && cap(buf.plain)+cap(buf.packed) <= maxPooled {
			pooled.Put(buf)
		}
	}()
	if err := buf.encode(b, low, high); err != nil {
		return answer{}, err
	}
	request, err := http.NewRequestWithContext(lentbody.With(ctx, &guard), http.MethodPost, p.url, bytes.NewReader(buf.packed))
	if err != nil {
		return answer{}, fmt.Errorf("push logs: %w", err)
	}
	request.Header = p.header.Clone()
	response, err := p.client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("push logs: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("read answer to push: %w", err)
	}
	return answer{response.StatusCode, response.Header, body}, nil
}

// encode writes lines [low, high) as a snappy push request.
func (buf *buffers) encode(b *batch, low, high int) error {
	request := b.request(low, high)
	size := request.Size()
	if cap(buf.plain) < size {
		buf.plain = make([]byte, size)
	}
	n, err := request.MarshalToSizedBuffer(buf.plain[:size])
	if err != nil {
		return fmt.Errorf("encode push: %w", err)
	}
	buf.packed = snappy.Encode(buf.packed[:cap(buf.packed)], buf.plain[:n])
	return nil
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
