package anomaly

import "math"

// predictors is how many ways of predicting a value compete.
const predictors = 6

// level follows the series at three speeds without its season and at two with it,
// and mixes them by how well each has predicted lately.
type level struct {
	slow, mid, fast float64 // season taken off
	rawMid, rawFast float64
	last            float64
	errors          [predictors]float64 // mean absolute error of each
}

func (l *level) reset(season, v float64) {
	l.slow, l.mid, l.fast = v-season, v-season, v-season
	l.rawMid, l.rawFast, l.last = v, v, v
}

// predictions are in the order of errors.
func (l *level) predictions(season float64) [predictors]float64 {
	return [predictors]float64{season + l.fast, season + l.mid, season + l.slow, l.rawFast, l.rawMid, l.last}
}

// mix weighs predictions by the fourth power of their precision. least is the
// error below which there is nothing to choose.
func (l *level) mix(p *[predictors]float64, least float64) float64 {
	var sum, weights float64
	for i, q := range p {
		e := l.errors[i] + least
		e = least / e // between 0 and 1, so that the power can't overflow
		w := e * e * e * e
		if i == predictors-1 {
			w /= 2 // the last value wins by chance in short runs
		}
		w += tiny
		weights += w
		sum += w * q
	}
	return sum / weights
}

// tiny keeps divisions defined; it is far below any share that matters.
const tiny = 1e-30

// rates are the learning rates of one point, by the time that it stands for.
type rates struct {
	fast, mid, slow, day, week, errors float64
}

func ratesFor(step float64, n float64) rates {
	young := 1 / n
	day := min(step*(1.0/daySeconds), 1)
	// 2/(k+1) is the rate of a mean over k points.
	return rates{
		fast: max(2.0/5, young), mid: max(2.0/31, young), slow: max(2*step/(6*hour+step), young),
		day: day, week: max(2*step/(7*daySeconds+step), young), errors: max(2*day, 1/(n+1)),
	}
}

// learn moves the levels towards v, each by at most limit before its rate.
func (l *level) learn(p *[predictors]float64, season, v, mixed, limit float64, r rates) {
	for i, q := range p {
		l.errors[i] += r.errors * (min(math.Abs(v-q), limit) - l.errors[i])
	}
	d := v - season
	l.fast += r.fast * clamp(d-l.fast, limit)
	l.mid += r.mid * clamp(d-l.mid, limit)
	l.slow += r.slow * clamp(d-l.slow, limit)
	l.rawFast += r.fast * clamp(v-l.rawFast, limit)
	l.rawMid += r.mid * clamp(v-l.rawMid, limit)
	l.last = mixed + clamp(v-mixed, limit)
}

func clamp(x, limit float64) float64 { return max(-limit, min(limit, x)) }
