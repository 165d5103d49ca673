// Package attrhash identifies sets of attributes by a hash that does not depend
// on their order and costs no allocation.
package attrhash

import (
	"math"
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	prime1 = 0x9E3779B185EBCA87
	prime2 = 0xC2B2AE3D27D4EB4F
)

// Combine mixes two hashes; the order counts. The end is that of splitmix64
// (Steele, Lea and Flood 2014).
func Combine(a, b uint64) uint64 {
	x := a*prime1 + bits.RotateLeft64(b, 31)*prime2
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// Map is the sum of the hashes of the pairs. It does not allocate unless a value
// is a list or a map. Saved state refers to series by it: it must not change.
func Map(m pcommon.Map) uint64 {
	var sum uint64
	for k, v := range m.All() {
		sum += Combine(xxhash.Sum64String(k), value(v))
	}
	return sum
}

func value(v pcommon.Value) uint64 {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return xxhash.Sum64String(v.Str())
	case pcommon.ValueTypeInt:
		return Combine(uint64(v.Int()), 1)
	case pcommon.ValueTypeDouble:
		return Combine(math.Float64bits(v.Double()), 2)
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return Combine(1, 3)
		}
		return Combine(0, 3)
	default:
		return xxhash.Sum64String(v.AsString())
	}
}
