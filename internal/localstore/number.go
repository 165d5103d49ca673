package localstore

import (
	"math"
	"strconv"
)

// Number is a value that may be unknown: NaN and infinities are null in JSON.
type Number float32

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	return appendNumber(nil, float32(n)), nil
}

// Column is many Numbers.
type Column []float32

// MarshalJSON implements json.Marshaler. A nil column is an empty array.
func (c Column) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 2+8*len(c))
	b = append(b, '[')
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, v)
	}
	return append(b, ']'), nil
}

// appendNumber writes six significant digits: all that a chart shows.
func appendNumber(b []byte, v float32) []byte {
	f := float64(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, f, 'g', 6, 64)
}
