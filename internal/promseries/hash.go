package promseries

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	prime1 = 0x9E3779B97F4A7C15
	prime2 = 0xC2B2AE3D27D4EB4F
)

// mix is the finaliser of splitmix64 (Steele, Lea and Flood 2014): every bit of
// x changes half of the result's bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// combine mixes two hashes; the order counts.
func combine(a, b uint64) uint64 { return mix(a*prime1 + bits.RotateLeft64(b, 31)*prime2) }

// hashMap is independent of the order of attributes: the sum of the hashes of
// the pairs. It does not allocate unless a value is a list or a map.
func hashMap(m pcommon.Map) uint64 {
	var sum uint64
	for k, v := range m.All() {
		sum += combine(xxhash.Sum64String(k), hashValue(v))
	}
	return sum
}

func hashValue(v pcommon.Value) uint64 {
	var n uint64
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return xxhash.Sum64String(v.Str())
	case pcommon.ValueTypeInt:
		n = uint64(v.Int()) //nolint:gosec // the bits are hashed
	case pcommon.ValueTypeDouble:
		n = math.Float64bits(v.Double())
	case pcommon.ValueTypeBool:
		if v.Bool() {
			n = 1
		}
	default:
		return xxhash.Sum64String(v.AsString())
	}
	return mix(n + uint64(v.Type())*prime2) //nolint:gosec // a small enumeration
}

// hashLabels identifies a Prometheus series.
func hashLabels(name string, labels []Label) uint64 {
	var d xxhash.Digest
	d.Reset()
	write := func(s string) {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(len(s))) //nolint:gosec // labels are short
		_, _ = d.Write(n[:])
		_, _ = d.WriteString(s)
	}
	write(name)
	for _, l := range labels {
		write(l.Name)
		write(l.Value)
	}
	return d.Sum64()
}
