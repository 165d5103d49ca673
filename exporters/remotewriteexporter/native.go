package remotewriteexporter

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// The fields of a histogram are the same in both versions of the protocol, but
// for the start, which only version 2 has.
const (
	fieldCount          = 1
	fieldSum            = 3
	fieldSchema         = 4
	fieldZeroThreshold  = 5
	fieldZeroCount      = 6
	fieldNegativeSpans  = 8
	fieldNegativeDeltas = 9
	fieldPositiveSpans  = 11
	fieldPositiveDeltas = 12
	fieldTime           = 15
	fieldCustomValues   = 16
	fieldStart          = 17
)

// customSchema is the schema of histograms with custom buckets.
const customSchema = -53

func appendNative(b []byte, p *promseries.Point) []byte {
	n := &p.Native
	b = appendVarint(b, fieldCount, n.Count)
	b = appendDouble(b, fieldSum, n.Sum)
	b = appendVarint(b, fieldSchema, protowire.EncodeZigZag(int64(n.Schema)))
	b = appendDouble(b, fieldZeroThreshold, n.ZeroThreshold)
	b = appendVarint(b, fieldZeroCount, n.ZeroCount)
	b = appendBuckets(b, fieldNegativeSpans, fieldNegativeDeltas, &n.Negative)
	b = appendBuckets(b, fieldPositiveSpans, fieldPositiveDeltas, &n.Positive)
	return appendVarint(b, fieldTime, uint64(p.Time)) //nolint:gosec // two's complement is the wire's form
}

// appendCustom writes a classic histogram as a native one with its own bounds.
func appendCustom(b []byte, p *promseries.Point) []byte {
	h := &p.Histogram
	buckets := promseries.Buckets{Counts: make([]uint64, len(h.Cumulative))}
	var below uint64
	for i, c := range h.Cumulative {
		buckets.Counts[i], below = c-below, c
	}
	b = appendVarint(b, fieldCount, h.Count)
	b = appendDouble(b, fieldSum, h.Sum)
	b = appendVarint(b, fieldSchema, protowire.EncodeZigZag(customSchema))
	b = appendBuckets(b, fieldPositiveSpans, fieldPositiveDeltas, &buckets)
	b = appendVarint(b, fieldTime, uint64(p.Time)) //nolint:gosec // as above
	if len(h.Bounds) > 0 {
		b = protowire.AppendTag(b, fieldCustomValues, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(8*len(h.Bounds)))
		for _, v := range h.Bounds {
			b = protowire.AppendFixed64(b, math.Float64bits(v))
		}
	}
	return b
}

func appendStale(b []byte, at int64) []byte {
	return appendVarint(appendDouble(b, fieldSum, staleNaN), fieldTime, uint64(at)) //nolint:gosec // as above
}

func appendBuckets(b []byte, spanField, deltaField protowire.Number, buckets *promseries.Buckets) []byte {
	spans, deltas := buckets.Sparse()
	var part []byte
	for _, s := range spans {
		part = appendVarint(part[:0], 1, protowire.EncodeZigZag(int64(s.Offset)))
		part = appendVarint(part, 2, uint64(s.Length))
		b = appendBytes(b, spanField, part)
	}
	if len(deltas) == 0 {
		return b
	}
	part = part[:0]
	for _, d := range deltas {
		part = protowire.AppendVarint(part, protowire.EncodeZigZag(d))
	}
	return appendBytes(b, deltaField, part)
}

// appendVarint leaves out zero, as proto3 does.
func appendVarint(b []byte, field protowire.Number, v uint64) []byte {
	if v == 0 && field != fieldCount && field != fieldZeroCount { // these two are of a oneof: zero is not absent
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	bits := math.Float64bits(v)
	if bits == 0 {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), bits)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}
