package tailsamplingprocessor

import "time"

// reason is why a trace is kept, the most important first.
type reason int

const (
	failed reason = iota
	slow
	rare
	rest
	reasons
)

func (r reason) String() string { return [...]string{"error", "slow", "rare", "rest"}[r] }

// shares of the budget. What one does not use flows to the next, and from the last to the first.
var shares = [reasons]float64{0.5, 0.2, 0.1, 0.2}

// burst is how many seconds of the budget may be saved up.
const burst = 10

// budget holds the spans that may be passed on, by reason.
type budget struct {
	perSecond float64
	tokens    [reasons]float64
	filled    time.Time
}

// fill adds what the time brought.
func (b *budget) fill(now time.Time) {
	if b.filled.IsZero() {
		b.filled = now
		for r := range b.tokens {
			b.tokens[r] = shares[r] * b.perSecond
		}
		return
	}
	elapsed := now.Sub(b.filled).Seconds()
	if elapsed <= 0 {
		return
	}
	b.filled = now
	over := 0.0
	for round := range 2 {
		for r := range b.tokens {
			add := over
			if round == 0 {
				add += shares[r] * b.perSecond * elapsed
			}
			b.tokens[r] += add
			most := shares[r] * b.perSecond * burst
			over = max(0, b.tokens[r]-most)
			b.tokens[r] -= over
		}
	}
}

// plenty says that more is there than what is held back for those whose turn it is.
func (b *budget) plenty(r reason) bool { return b.tokens[r] > shares[r]*b.perSecond*burst/4 }

// spend takes what a trace costs, and is false if nothing is left. The last one may cost more than there
// is; the debt is paid first.
func (b *budget) spend(r reason, spans int) bool {
	if b.tokens[r] <= 0 {
		return false
	}
	b.tokens[r] -= float64(spans)
	return true
}
