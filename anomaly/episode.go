package anomaly

import "math"

// episode is a run of points outside of the band. What it teaches the tails waits
// for its end, so that an anomaly does not make itself ordinary, and it teaches
// its largest point only: the points of a run are one event.
type episode struct {
	nearScaled, nearRaw, farScaled, farRaw float32
	n                                      uint16
	quiet                                  uint8 // ordinary points since
}

// wait remembers a point outside of the band for the end of its episode.
func (d *Detector) wait(m *moment, v float64) {
	e := &d.episode
	near, far := math.Abs(v-m.expected), math.Abs(v-m.slow)
	e.nearScaled = max(e.nearScaled, short(near/m.nearScale))
	e.nearRaw = max(e.nearRaw, short(near/m.unit))
	e.farScaled = max(e.farScaled, short(far/m.farScale))
	e.farRaw = max(e.farRaw, short(far/m.unit))
	e.quiet = 0
	if e.n < math.MaxUint16 {
		e.n++
	}
}

func short(x float64) float32 { return float32(min(x, math.MaxFloat32)) }

// endEpisode teaches what waited.
func (d *Detector) endEpisode() {
	memory := memoryDays * daySeconds / max(d.clock.step, minStep)
	e := &d.episode
	if e.n > 0 {
		d.near.scaled.learnEvent(float64(e.nearScaled), memory)
		d.near.raw.learnEvent(float64(e.nearRaw), memory)
		d.far.scaled.learnEvent(float64(e.farScaled), memory)
		d.far.raw.learnEvent(float64(e.farRaw), memory)
	}
	*e = episode{}
}
