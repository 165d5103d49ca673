package forecast

import (
	"math"
	"time"
)

// Means turns points of any step into the means of bins.
type Means struct {
	bin int64 // number of the bin that is being filled
	sum float64
	n   int64
}

// Add takes a point. When it is the first one after a bin, Add returns the beginning
// and the mean of that bin, with ok. Points before the present bin and values that
// are not finite are left out.
func (m *Means) Add(t time.Time, v float64, step time.Duration) (begin time.Time, mean float64, ok bool) {
	if !(math.Abs(v) <= extreme) {
		return time.Time{}, 0, false
	}
	bin := t.UnixNano() / int64(step)
	if m.n > 0 && bin < m.bin {
		return time.Time{}, 0, false
	}
	if m.n > 0 && bin > m.bin {
		begin, mean, ok = time.Unix(0, m.bin*int64(step)), m.sum/float64(m.n), true
		m.sum, m.n = 0, 0
	}
	m.bin = bin
	m.sum += v
	m.n++
	return begin, mean, ok
}
