package anomalyconnector

import (
	"math"
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// seriesID identifies a series by its resource, metric and attributes; the order
// of attributes does not matter and the scope takes no part, so that an upgrade
// of an instrumentation library keeps the baseline.
type seriesID uint64

const (
	prime1 = 0x9E3779B185EBCA87
	prime2 = 0xC2B2AE3D27D4EB4F
)

// combine mixes two hashes; the order counts. The end is that of splitmix64
// (Steele, Lea and Flood 2014).
func combine(a, b uint64) uint64 {
	x := a*prime1 + bits.RotateLeft64(b, 31)*prime2
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// hashMap does not allocate unless a value is a list or a map.
func hashMap(m pcommon.Map) uint64 {
	var sum uint64
	for k, v := range m.All() {
		sum += combine(xxhash.Sum64String(k), hashValue(v))
	}
	return sum
}

func hashValue(v pcommon.Value) uint64 {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return xxhash.Sum64String(v.Str())
	case pcommon.ValueTypeInt:
		return combine(uint64(v.Int()), 1)
	case pcommon.ValueTypeDouble:
		return combine(math.Float64bits(v.Double()), 2)
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return combine(1, 3)
		}
		return combine(0, 3)
	default:
		return xxhash.Sum64String(v.AsString())
	}
}
