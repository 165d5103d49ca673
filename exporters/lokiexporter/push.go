package lokiexporter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/tidewatch/tidewatch/internal/address"
	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/lentbody"
)

const (
	// maxRefusal bounds what is read of a 400, in which Loki lists each line that it
	// refuses.
	maxRefusal = 4 << 20
	// maxAnswer bounds what is read of other answers.
	maxAnswer = 64 << 10
)

// statusBlocked is what Loki answers for a tenant whose lines it throws away.
const statusBlocked = 260

// poster sends single pushes. It is safe for concurrent use.
type poster struct {
	client  *http.Client
	gate    *breaker.Gate
	url     string
	header  func(tenant string) (http.Header, error)
	timeout time.Duration
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
func (p *poster) post(ctx context.Context, b *batch, tenant string, parts []part) (answer, error) {
	var guard lentbody.Guard
	buf := pooled.Get().(*buffers)
	defer func() {
		if guard.Free() && cap(buf.plain)+cap(buf.packed) <= maxPooled {
			pooled.Put(buf)
		}
	}()
	buf.plain = b.appendPush(buf.plain[:0], parts)
	buf.packed = s2.EncodeSnappy(buf.packed[:cap(buf.packed)], buf.plain)
	if err := p.gate.Wait(ctx, len(buf.packed)); err != nil {
		return answer{}, held{err}
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(lentbody.With(ctx, &guard), http.MethodPost, p.url, bytes.NewReader(buf.packed))
	if err != nil {
		return answer{}, fmt.Errorf("push logs: %w", err)
	}
	if request.Header, err = p.header(tenant); err != nil {
		return answer{}, err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("push logs to %s: %w", request.URL.Host, breaker.Retryable(address.Reason(err)))
	}
	defer response.Body.Close()
	most := int64(maxAnswer)
	if response.StatusCode == http.StatusBadRequest {
		most = maxRefusal
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return answer{}, fmt.Errorf("read answer to push: %w", err)
	}
	return answer{response.StatusCode, response.Header, body}, nil
}

// held is the error of a push that the rate limit holds back.
type held struct{ error }

func (h held) Unwrap() error { return h.error }

// err says what an answer was.
func (a answer) err() error {
	to := ""
	if u, err := url.Parse(a.header.Get("Location")); a.status/100 == 3 && err == nil {
		to = ", redirects to " + address.Plain(u) + ", which is not followed: set endpoint to where it should go"
	}
	return fmt.Errorf("push logs: server answers %d%s: %s", a.status, to, excerpt(a.body))
}

// code is the status as a reason.
func (a answer) code() string { return strconv.Itoa(a.status) }

// excerpt is what of an answer is worth saying.
func excerpt(p []byte) string {
	const most = 300
	p = bytes.TrimSpace(p)
	if len(p) > most {
		p = append(bytes.Clone(p[:most]), "..."...)
	}
	return string(bytes.ToValidUTF8(p, nil))
}
