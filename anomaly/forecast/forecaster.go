package forecast

import (
	"errors"
	"math"
	"time"
)

// Ahead is how far forecasts reach.
const Ahead = 2 * time.Hour

const (
	daySeconds  = 86400
	hourSeconds = 3600
	weekHours   = 168
	// The profile of the day has a cell per ten minutes, or per bin where bins are
	// longer. What was left yesterday is kept for some hours longer than a day, so
	// that it is still there for the forecasts that were made two hours ago.
	daySlots  = 144
	pastSlots = daySlots + daySlots/8 + 3
	// mostBins bounds the bins ahead: bins are at least five minutes long.
	mostBins = 24
	minStep  = 300 * time.Second
	maxStep  = Ahead
	// A cell follows the last ten days, an hour of the week the last month.
	dayRate, weekRate = 0.1, 0.25
	// fastSeconds and daySeconds are the spans of the two means of the remainder.
	fastSeconds = 1500
	// outlier bounds what one bin may teach, in typical remainders.
	outlier = 1.5
	// extreme is the largest magnitude that is taken for a number.
	extreme = 1e30
	tiny    = 1e-30
)

// Point is the forecast of one bin. Lower and Upper hold nine of ten values.
type Point struct{ Value, Lower, Upper float64 }

// Forecaster predicts one series. Make one with New. It is not safe for
// concurrent use, is 1.5 KiB large and allocates nothing after New.
type Forecaster struct {
	step  float64 // seconds of a bin
	slots int
	base  float64 // what the tables and the values below are relative to
	last  int64   // Unix nanoseconds of the last bin
	bins  uint32  // observed, gaps left out

	day  table[int16] // mean value by time of day, less the slow remainder
	past table[int8]  // what the last day left of each cell: its mean remainder
	week table[int8]  // what the hour of the week adds

	recent          [mostBins]remainder // of the last bins, by their number
	number          int64               // of the last bin, counted by time
	slow            float64
	typical, median float64
	slot, hour      cell
	slotsSeen       uint32
	hoursSeen       uint32
	negative        bool
	anchors         [2]anchor
}

// remainder is the value of a bin, NaN in a gap, and the fast mean of what bins left
// of the profile.
type remainder struct{ value, fast float32 }

func (r *remainder) known() bool { return r.value == r.value }

// cell is one of a table that is being filled.
type cell struct {
	number       int64
	left, slowed float64 // sums of remainders: whole, and without the slow one, clipped
	n            int32
}

var errStep = errors.New("step must be from 5 minutes to 2 hours")

// New returns a forecaster for bins of the length step that knows nothing yet. A
// step shorter than five minutes or longer than two hours is an error.
func New(step time.Duration) (*Forecaster, error) {
	if step < minStep || step > maxStep {
		return nil, errStep
	}
	f := &Forecaster{step: step.Seconds()}
	f.slots = min(daySlots, int(math.Ceil(daySeconds/f.step)))
	buffer := make([]int8, pastSlots+weekHours)
	f.past.cells, f.week.cells = buffer[:f.slots+f.slots/8+3:pastSlots], buffer[pastSlots:]
	f.day.cells = make([]int16, f.slots)
	for i := range f.recent {
		f.recent[i].value = float32(math.NaN())
	}
	// Short and long horizons are learned; those between are mixed.
	f.anchors[0].bins = uint8(max(1, math.Round(0.08*float64(f.Bins()))))
	f.anchors[1].bins = uint8(max(1, math.Round(0.75*float64(f.Bins()))))
	for i := range f.anchors {
		f.anchors[i].begin(f.step)
	}
	return f, nil
}

// Bins is how many bins ahead forecasts reach.
func (f *Forecaster) Bins() int { return int(Ahead.Seconds() / f.step) }

// Step is the length of a bin.
func (f *Forecaster) Step() time.Duration { return time.Duration(f.step * float64(time.Second)) }

// History is the time observed, gaps left out.
func (f *Forecaster) History() time.Duration { return time.Duration(f.bins) * f.Step() }

// Observe learns the mean v of the bin that begins at t. Bins must come in the
// order of time; late ones and values that are not finite are ignored and give
// false. Bins left out are gaps.
func (f *Forecaster) Observe(t time.Time, v float64) bool {
	ns := t.UnixNano()
	if !(math.Abs(v) <= extreme) {
		return false
	}
	if f.bins == 0 {
		f.base, f.last = v, ns
		f.slot.number, f.hour.number = f.slotOf(f.position(ns)), f.hourOf(f.position(ns))
	}
	ahead := int64(math.Round(float64(ns-f.last) / 1e9 / f.step))
	if f.bins > 0 && ahead < 1 {
		return false
	}
	f.skip(ahead)
	f.last = ns
	f.bins++
	f.negative = f.negative || v < 0

	now := f.position(ns)
	x := v - f.base
	for i := range f.anchors {
		f.teach(&f.anchors[i], now, x)
	}
	f.learn(now, x)
	return true
}

// skip forgets the bins of a gap, and the short mean after a long one.
func (f *Forecaster) skip(ahead int64) {
	for i := int64(1); i < min(ahead, mostBins+1); i++ {
		f.recent[mod(f.number+i, mostBins)] = remainder{float32(math.NaN()), f.recent[mod(f.number, mostBins)].fast}
	}
	if ahead > mostBins {
		for i := range f.recent {
			f.recent[i].fast = float32(f.slow)
		}
	}
	f.number += ahead
}

// position is the middle of the bin that begins at ns, in Unix seconds.
func (f *Forecaster) position(ns int64) float64 { return float64(ns)/1e9 + f.step/2 }

func (f *Forecaster) slotOf(at float64) int64 {
	return int64(math.Floor(at / daySeconds * float64(f.slots)))
}
func (f *Forecaster) hourOf(at float64) int64 { return int64(math.Floor(at / hourSeconds)) }

// profile is the value that the time of day gives, relative to base.
func (f *Forecaster) profile(at float64) float64 {
	return f.day.between(at / daySeconds * float64(f.slots))
}

// yesterday is what was left of the profile a day before.
func (f *Forecaster) yesterday(at float64) float64 {
	return f.past.between((at/daySeconds - 1) * float64(f.slots))
}

func (f *Forecaster) weekly(at float64) float64 { return f.week.between(at / hourSeconds) }

// rate is that of a mean over some seconds, or of a plain mean while there are few bins.
func (f *Forecaster) rate(seconds float64) float64 {
	return max(min(1, 2*f.step/(seconds+f.step)), 1/float64(f.bins))
}

func clamp(x, limit float64) float64 { return max(-limit, min(limit, x)) }

// learn takes the value into what is known of the present and, when their cells
// end, into the tables.
func (f *Forecaster) learn(now, x float64) {
	left := x - f.profile(now)
	if f.bins > 1 {
		f.typical += max(1/float64(f.bins-1), f.step/daySeconds) * (math.Abs(left-f.slow) - f.typical)
	}
	limit := math.MaxFloat64 / 4
	if float64(f.bins)*f.step > daySeconds {
		limit = outlier * f.typical
	}
	before := f.slow
	fast := float64(f.recent[mod(f.number-1, mostBins)].fast)
	fast += f.rate(fastSeconds) * clamp(left-fast, limit)
	f.slow += f.rate(daySeconds) * clamp(left-f.slow, limit)
	// The median moves by a small step towards each value.
	f.median += clamp(x-f.median, 0.075*f.typical*min(1, f.step/hourSeconds))
	f.recent[mod(f.number, mostBins)] = remainder{float32(x), float32(fast)}

	if n := f.slotOf(now); n != f.slot.number {
		f.endSlot()
		for i := max(f.slot.number+1, n-int64(len(f.past.cells))); i < n; i++ {
			f.past.set(i, 0) // nothing is known of a gap
		}
		f.slot = cell{number: n}
	}
	if n := f.hourOf(now); n != f.hour.number {
		f.endHour()
		f.hour = cell{number: n}
	}
	f.slot.add(left, clamp(left-before, limit))
	f.hour.add(left, clamp(left-before-f.week.at(f.hour.number), limit))
}

func (c *cell) add(left, slowed float64) {
	c.left += left
	c.slowed += slowed
	c.n++
}

func (f *Forecaster) endSlot() {
	if f.slot.n == 0 {
		return
	}
	n := float64(f.slot.n)
	days := float64(f.slotsSeen/uint32(f.slots)) + 1
	change := max(1/days, dayRate) * f.slot.slowed / n
	f.day.set(f.slot.number, f.day.at(f.slot.number)+change)
	f.past.set(f.slot.number, f.slot.left/n-change)
	if f.slotsSeen++; f.slotsSeen%uint32(f.slots) == 0 {
		f.rebase()
	}
}

func (f *Forecaster) endHour() {
	if f.hour.n == 0 || float64(f.bins)*f.step <= 2*daySeconds {
		return // the time of day comes first
	}
	weeks := float64(f.hoursSeen/weekHours) + 1
	f.hoursSeen++
	f.week.set(f.hour.number, f.week.at(f.hour.number)+max(1/(weeks+1), weekRate)*f.hour.slowed/float64(f.hour.n))
}

// rebase moves the base to the mean of the day, so that the tables need only hold
// differences, and refines their scales.
func (f *Forecaster) rebase() {
	by := f.day.mean()
	f.base += by
	f.median -= by
	f.day.shift(-by)
	for i := range f.recent {
		f.recent[i].value -= float32(by)
	}
	f.day.fit()
	f.past.fit()
	f.week.fit()
}
