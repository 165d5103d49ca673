package tailsamplingprocessor

import (
	"math"
	"time"
)

// fairness keeps of each path about the same number of spans of the rest, whatever its traffic: when the
// budget is short, one that has had more than its share recently waits.
type fairness struct {
	kept    map[uint64]float64 // spans of late, by path; at least 1 for those that were seen
	total   float64
	aged    time.Time
	maximum int
}

// fairSpan is the half-life of what a path had.
const fairSpan = time.Minute

// takes says whether it is a path's turn.
func (f *fairness) takes(path uint64, now time.Time) bool {
	f.age(now)
	had, ok := f.kept[path]
	if !ok {
		if len(f.kept) >= f.maximum {
			return false
		}
		f.kept[path] = 1
		f.total++
		return true
	}
	return had <= f.total/float64(len(f.kept))
}

func (f *fairness) add(path uint64, spans int) {
	if _, ok := f.kept[path]; ok {
		f.kept[path] += float64(spans)
		f.total += float64(spans)
	}
}

func (f *fairness) age(now time.Time) {
	elapsed := now.Sub(f.aged)
	if elapsed < time.Second {
		return
	}
	f.aged = now
	keep := math.Exp2(-float64(elapsed) / float64(fairSpan))
	f.total = 0
	for k, v := range f.kept {
		if v *= keep; v < 0.5 {
			delete(f.kept, k)
			continue
		}
		f.kept[k] = v
		f.total += v
	}
}
