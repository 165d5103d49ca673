package forecast

import "math"

// table holds numbers in small integers of a common scale, which doubles when a
// number does not fit.
type table[T int8 | int16] struct {
	cells []T
	scale float32 // value of one; 0 while all cells are zero
}

func most[T int8 | int16]() float64 {
	var t T
	switch any(t).(type) {
	case int8:
		return math.MaxInt8
	default:
		return math.MaxInt16
	}
}

// mod is the remainder of i that is not negative.
func mod(i int64, n int) int {
	k := int(i % int64(n))
	if k < 0 {
		k += n
	}
	return k
}

// at is the value of the cell i, modulo the length.
func (t *table[T]) at(i int64) float64 {
	return float64(t.cells[mod(i, len(t.cells))]) * float64(t.scale)
}

// between interpolates between the middles of cells at the position x.
func (t *table[T]) between(x float64) float64 {
	x -= 0.5
	k := math.Floor(x)
	f := x - k
	return t.at(int64(k))*(1-f) + t.at(int64(k)+1)*f
}

func (t *table[T]) set(i int64, v float64) {
	limit := most[T]()
	if t.scale == 0 {
		if v == 0 {
			return
		}
		t.scale = float32(max(math.Abs(v)/(limit/2), math.SmallestNonzeroFloat32))
	}
	for math.Abs(v) > limit*float64(t.scale) {
		t.scale *= 2
		for j, c := range t.cells {
			t.cells[j] = c / 2
		}
	}
	t.cells[mod(i, len(t.cells))] = T(math.Round(v / float64(t.scale)))
}

// fit makes the scale finer when no cell needs it; called once a day.
func (t *table[T]) fit() {
	most, limit := 0.0, most[T]()
	for _, c := range t.cells {
		most = max(most, math.Abs(float64(c)))
	}
	if most == 0 {
		t.scale = 0
		return
	}
	for ; 4*most < limit && t.scale > 1e-30; most *= 2 {
		t.scale /= 2
		for j := range t.cells {
			t.cells[j] *= 2
		}
	}
}

// mean is the mean of all cells.
func (t *table[T]) mean() float64 {
	sum := 0.0
	for _, c := range t.cells {
		sum += float64(c)
	}
	return sum / float64(len(t.cells)) * float64(t.scale)
}

// shift adds v to all cells.
func (t *table[T]) shift(v float64) {
	for i := range t.cells {
		t.set(int64(i), t.at(int64(i))+v)
	}
}
