package anomaly

import "math"

const (
	daySeconds  = 86400
	weekHours   = 168
	daySlots    = 96
	quarterHour = 900
	hour        = 3600
)

// season is what the time of day and the hour of the week add to the level.
// Times are in Unix seconds, UTC.
type season struct {
	day      [daySlots]float32 // mean remainder per slot of the day
	week     [weekHours]float32
	lastWeek [weekHours]uint16 // mean value of each hour, as a short float
	daySeen  [24]uint8         // days on which this hour was learned
	weekSeen [7]uint8
	coarse   bool // slots are hours: points come less often than every quarter of an hour
	off      bool // points come less often than every hour

	slot, hour             int64 // being filled
	slotSum, hourSum, vSum float64
	slotN, hourN           int32
}

func (s *season) slots() (seconds int64, n int) {
	if s.coarse {
		return hour, 24
	}
	return quarterHour, daySlots
}

// fitStep widens the slots for series with a long step (in seconds).
func (s *season) fitStep(step float64) {
	if step > 1.5*quarterHour && !s.coarse {
		for i := range 24 {
			var sum float32
			for j := range 4 {
				sum += s.day[4*i+j]
			}
			s.day[i] = sum / 4
		}
		s.coarse, s.slot, s.slotN, s.slotSum = true, -1, 0, 0
	}
	s.off = step > 1.5*hour
}

// at is the seasonal part at t, interpolated between the middles of slots.
func (s *season) at(t float64) float64 {
	if s.off {
		return 0
	}
	if s.coarse {
		return between(s.day[:24], t*(1.0/hour)) + between(s.week[:], t*(1.0/hour))
	}
	return between(s.day[:], t*(1.0/quarterHour)) + between(s.week[:], t*(1.0/hour))
}

// between interpolates a periodic table at position x, in slots.
func between(table []float32, x float64) float64 {
	x -= 0.5
	k := math.Floor(x)
	f := x - k
	i := int(k) % len(table)
	if i < 0 {
		i += len(table)
	}
	j := i + 1
	if j == len(table) {
		j = 0
	}
	return float64(table[i])*(1-f) + float64(table[j])*f
}

// learn adds the remainder r, and the value v itself, at t. Slots are learned
// when they end.
func (s *season) learn(t int64, r, v float64) {
	if s.off {
		return
	}
	sec, n := s.slots()
	if slot := t / sec; slot != s.slot {
		s.endSlot(n)
		s.slot, s.slotSum, s.slotN = slot, 0, 0
	}
	if h := t / hour; h != s.hour {
		s.endHour()
		s.hour, s.hourSum, s.vSum, s.hourN = h, 0, 0, 0
	}
	s.slotSum += r
	s.slotN++
	s.hourSum += r
	s.vSum += v
	s.hourN++
}

func (s *season) endSlot(n int) {
	if s.slotN == 0 {
		return
	}
	k := mod(s.slot, n)
	perHour := n / 24
	a := max(1/(float64(s.daySeen[k/perHour])+1), dayRate)
	s.day[k] += float32(a * s.slotSum / float64(s.slotN))
}

// A slot follows the last week or so, an hour of the week the last month.
const (
	dayRate  = 0.15
	weekRate = 0.25
)

func (s *season) endHour() {
	if s.hourN == 0 {
		return
	}
	h, d, w := mod(s.hour, 24), mod(s.hour/24, 7), mod(s.hour, weekHours)
	if s.daySeen[h] > 2 { // the hour of the week is what the time of day does not explain
		a := max(1/(float64(s.weekSeen[d])+2), weekRate)
		s.week[w] += float32(a * s.hourSum / float64(s.hourN))
	}
	if s.daySeen[h] < math.MaxUint8 {
		s.daySeen[h]++
	}
	if h == 23 && s.weekSeen[d] < math.MaxUint8 {
		s.weekSeen[d]++
	}
	s.lastWeek[w] = shorten(s.vSum / float64(s.hourN))
}

func mod(x int64, n int) int {
	k := int(x % int64(n))
	if k < 0 {
		k += n
	}
	return k
}

// shorten keeps the upper half of a float32: 8 significant bits. The pattern of
// NaN says that there is no value.
func shorten(v float64) uint16 { return uint16((math.Float32bits(float32(v)) + 0x8000) >> 16) }

func widen(b uint16) float64 { return float64(math.Float32frombits(uint32(b) << 16)) }

var nothing = shorten(math.NaN())
