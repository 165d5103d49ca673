package change

import "math"

const (
	// days is over how many days the rate of an hour of the day is averaged, and
	// weeks over how many weeks that of an hour of the week.
	days  = 7
	weeks = 4
	week  = 7 * 24
)

// profile holds the mean rate of every hour of the day and, for patterns that
// come once an hour or more, of every hour of the week.
type profile struct {
	day   [24]float32
	known [24]uint8 // days that an hour rests on
	// week is quantised; nil where it is not worth its bytes.
	week  *[week]uint8
	hours uint16 // learned into week
}

// learn takes the hour with number k, counted from 1970, with its lines per
// minute.
func (p *profile) learn(k int64, rate float64) {
	slot := slotOf(k, 24)
	if p.known[slot] < days {
		p.known[slot]++
	}
	p.day[slot] += (float32(rate) - p.day[slot]) / float32(p.known[slot])
	if p.week == nil {
		if rate*60 < 1 {
			return
		}
		p.week = new([week]uint8)
		p.hours = 0
	}
	p.hours = min(p.hours+1, weeks*week)
	at := &p.week[slotOf(k, week)]
	if old, ok := unquantise(*at); ok {
		rate = old + (rate-old)/float64(min(1+p.hours/week, weeks))
	}
	*at = quantise(rate)
}

// at returns the lines per minute that are expected in the hour with number k:
// of the hour of the week once a week was seen, of the hour of the day before.
func (p *profile) at(k int64) (rate float64, ok bool) {
	if p.week != nil && p.hours >= week {
		if rate, ok := unquantise(p.week[slotOf(k, week)]); ok {
			return rate, true
		}
	}
	slot := slotOf(k, 24)
	return float64(p.day[slot]), p.known[slot] > 0
}

// slotOf is the place of hour k among n. Devices without a clock begin in 1970, and the
// hour before is of 1969.
func slotOf(k, n int64) int64 { return (k%n + n) % n }

// clone returns a copy that shares nothing.
func (p *profile) clone() profile {
	q := *p
	if p.week != nil {
		w := *p.week
		q.week = &w
	}
	return q
}

// join adds the rates of another pattern.
func (p *profile) join(q *profile) {
	for i := range p.day {
		switch {
		case q.known[i] == 0:
		case p.known[i] == 0:
			p.day[i], p.known[i] = q.day[i], q.known[i]
		default:
			p.day[i] += q.day[i]
			p.known[i] = max(p.known[i], q.known[i])
		}
	}
	if q.week == nil {
		return
	}
	if p.week == nil {
		p.week, p.hours = q.week, q.hours
		return
	}
	for i := range p.week {
		a, _ := unquantise(p.week[i])
		if b, ok := unquantise(q.week[i]); ok {
			p.week[i] = quantise(a + b)
		}
	}
	p.hours = max(p.hours, q.hours)
}

// Rates are kept in steps of 8 % between a line in 12 hours and 400,000 a
// minute; 0 is unknown and 1 none.
const (
	least = 1.0 / 720
	ratio = 1.08
)

var logRatio = math.Log(ratio)

func quantise(rate float64) uint8 {
	if rate < least {
		return 1
	}
	return uint8(min(255, 2+math.Round(math.Log(rate/least)/logRatio)))
}

func unquantise(v uint8) (rate float64, ok bool) {
	if v < 2 {
		return 0, v == 1
	}
	return least * math.Exp(float64(v-2)*logRatio), true
}
