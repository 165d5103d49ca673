package zipkinreceiver

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/legacytags"
	"github.com/tidewatch/tidewatch/signals"
)

const (
	// attrShared says that a server's span has the id of its client's: what it belongs under is the client's
	// span, not its parent.
	attrShared = "zipkin.shared"
	// attrNoTime says that a span came without a time; it has that of its arrival. The name is
	// upstream's.
	attrNoTime = "otel.zipkin.absentField.startTime"
)

// span is one of Zipkin's second version. Numbers may be texts, and the values of tags anything: that
// is what libraries send.
type span struct {
	TraceID        string            `json:"traceId"`
	ID             string            `json:"id"`
	ParentID       string            `json:"parentId"`
	Name           string            `json:"name"`
	Kind           string            `json:"kind"`
	Timestamp      json.Number       `json:"timestamp"`
	Duration       json.Number       `json:"duration"`
	Shared         bool              `json:"shared"`
	LocalEndpoint  endpoint          `json:"localEndpoint"`
	RemoteEndpoint endpoint          `json:"remoteEndpoint"`
	Annotations    []annotation      `json:"annotations"`
	Tags           map[string]scalar `json:"tags"`
}

type endpoint struct {
	ServiceName string      `json:"serviceName"`
	IPv4        string      `json:"ipv4"`
	IPv6        string      `json:"ipv6"`
	Port        json.Number `json:"port"`
}

func (e *endpoint) address() string {
	if e.IPv4 != "" {
		return e.IPv4
	}
	return e.IPv6
}

type annotation struct {
	Timestamp json.Number `json:"timestamp"`
	Value     string      `json:"value"`
}

// scalar is a text, or whatever else in its JSON spelling.
type scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		*s = scalar(b)
		return nil
	}
	var text string
	err := json.Unmarshal(b, &text)
	*s = scalar(text)
	return err
}

// decode reads an array of spans. Those without valid ids are left out and counted; anything else that
// is wrong is an error.
func decode(r io.Reader, now time.Time) (td ptrace.Traces, rejected int, err error) {
	t := translation{traces: ptrace.NewTraces(), services: map[resourceKey]ptrace.SpanSlice{}, now: now}
	d := json.NewDecoder(r)
	begin, err := d.Token()
	if err != nil {
		return td, 0, fmt.Errorf("read spans: %w", err)
	}
	if begin != json.Delim('[') {
		return td, 0, errors.New("read spans: not an array")
	}
	for d.More() {
		var s span
		if err := d.Decode(&s); err != nil {
			wrongType := (*json.UnmarshalTypeError)(nil)
			if !errors.As(err, &wrongType) {
				return td, 0, fmt.Errorf("read span: %w", err)
			}
			rejected++
			continue
		}
		if !t.add(&s) {
			rejected++
		}
	}
	if _, err := d.Token(); err != nil {
		return td, 0, fmt.Errorf("read spans: %w", err)
	}
	return t.traces, rejected, nil
}

// translation groups spans by what sent them.
type translation struct {
	traces   ptrace.Traces
	services map[resourceKey]ptrace.SpanSlice
	now      time.Time
}

type resourceKey struct{ service, address string }

// add is false for a span without valid ids.
func (t *translation) add(s *span) bool {
	trace, ok := traceID(s.TraceID)
	id, idOK := spanID(s.ID)
	parent, parentOK := spanID(s.ParentID)
	if !ok || !idOK || !parentOK && s.ParentID != "" {
		return false
	}
	to := t.spans(&s.LocalEndpoint).AppendEmpty()
	to.SetTraceID(trace)
	to.SetSpanID(id)
	if parentOK {
		to.SetParentSpanID(parent)
	}
	to.SetName(s.Name)
	to.SetKind(ptrace.SpanKindInternal)
	if k := legacytags.Kind(s.Kind); k != ptrace.SpanKindUnspecified {
		to.SetKind(k)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		legacytags.Put(to, key, pcommon.NewValueStr(string(s.Tags[key])))
	}
	t.times(s, to)
	a := to.Attributes()
	if s.Shared && to.Kind() == ptrace.SpanKindServer {
		a.PutBool(attrShared, true)
	}
	putNew(a, "peer.service", s.RemoteEndpoint.ServiceName)
	putNew(a, "network.peer.address", s.RemoteEndpoint.address())
	if port := microseconds(s.RemoteEndpoint.Port); port > 0 && port <= math.MaxUint16 {
		a.PutInt("network.peer.port", int64(port))
	}
	return true
}

func putNew(m pcommon.Map, key, value string) {
	if _, ok := m.Get(key); !ok && value != "" {
		m.PutStr(key, value)
	}
}

func (t *translation) times(s *span, to ptrace.Span) {
	start := microseconds(s.Timestamp)
	for i := range s.Annotations {
		at := microseconds(s.Annotations[i].Timestamp)
		if at == 0 {
			continue
		}
		e := to.Events().AppendEmpty()
		e.SetName(s.Annotations[i].Value)
		e.SetTimestamp(pcommon.Timestamp(at * 1000))
		if s.Timestamp == "" && (start == 0 || at < start) {
			start = at
		}
	}
	if start == 0 {
		start = uint64(t.now.UnixMicro()) //nolint:gosec // after 1970
		to.Attributes().PutBool(attrNoTime, true)
	}
	to.SetStartTimestamp(pcommon.Timestamp(start * 1000))
	to.SetEndTimestamp(pcommon.Timestamp((start + min(microseconds(s.Duration), maxMicroseconds-start)) * 1000))
}

// spans are those of one service at one address.
func (t *translation) spans(e *endpoint) ptrace.SpanSlice {
	key := resourceKey{e.ServiceName, e.address()}
	if s, ok := t.services[key]; ok {
		return s
	}
	rs := t.traces.ResourceSpans().AppendEmpty()
	if key.service != "" {
		rs.Resource().Attributes().PutStr(signals.AttrServiceName, key.service)
	}
	legacytags.Host(rs.Resource().Attributes(), key.address)
	s := rs.ScopeSpans().AppendEmpty().Spans()
	t.services[key] = s
	return s
}

// maxMicroseconds keeps nanoseconds within 63 bits.
const maxMicroseconds = math.MaxInt64 / 1000

// microseconds is 0 for what is no number or out of range.
func microseconds(n json.Number) uint64 {
	if v, err := strconv.ParseUint(string(n), 10, 64); err == nil {
		if v > maxMicroseconds {
			return 0
		}
		return v
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if err != nil || !(v > 0 && v < maxMicroseconds) {
		return 0
	}
	return uint64(v)
}

func traceID(s string) (id pcommon.TraceID, ok bool) {
	if len(s) > 32 {
		return id, false
	}
	high := uint64(0)
	if n := len(s) - 16; n > 0 {
		var err error
		if high, err = parseHex(s[:n]); err != nil {
			return id, false
		}
		s = s[n:]
	}
	low, err := parseHex(s)
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id, err == nil && !id.IsEmpty()
}

func spanID(s string) (id pcommon.SpanID, ok bool) {
	v, err := parseHex(s)
	binary.BigEndian.PutUint64(id[:], v)
	return id, err == nil && v != 0
}

// parseHex takes no signs or underscores, as strconv would not either at base 16.
func parseHex(s string) (uint64, error) {
	if len(s) > 16 || strings.HasPrefix(s, "+") {
		return 0, strconv.ErrRange
	}
	return strconv.ParseUint(s, 16, 64)
}
