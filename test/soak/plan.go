package main

import "time"

// plan is what a run does. All times are those of the load: where the machine is too
// slow the generator falls behind and the run takes longer, but is the same.
type plan struct {
	Name string `json:"name"`
	// Seconds of load, and per second of it.
	Seconds int `json:"seconds"`
	Lines   int `json:"lines_per_second"`
	Series  int `json:"series"`
	Round   int `json:"seconds_between_points"`
	Spans   int `json:"spans_per_second"`
	// Rotate is how many seconds of load a file gets before it is rotated.
	Rotate int `json:"rotate_seconds"`
	// Warm is how long nothing goes wrong at first; what is judged begins then, too.
	Warm int `json:"warm_up_seconds"`
	// Calm and Trouble are the longest times between troubles of a sink and of one.
	Calm    int `json:"calm_seconds"`
	Trouble int `json:"trouble_seconds"`
	// Capacity is how many records a second each sink takes while there is load; 0 is
	// without limit.
	Capacity int `json:"sink_records_per_second,omitempty"`
	// Every is how often the agent is looked at.
	Every time.Duration `json:"look_every_ns"`
	// Slopes is true where the run is long enough to judge growth by its slope.
	Slopes bool `json:"judges_slopes"`
	// MemoryMiB is what the agent may use, as MemoryMax= of the shipped unit has it: the
	// runtime is told, and the resident size has to stay below; 0 is without a limit.
	MemoryMiB int `json:"memory_limit_mib,omitempty"`
}

// plans are what can be asked for.
var plans = map[string]plan{
	"soak": {
		Seconds: 3600, Lines: 10_000, Series: 2000, Round: 10, Spans: 500, Rotate: 60, Warm: 600, Calm: 90, Trouble: 45,
		Every: 10 * time.Second, Slopes: true,
	},
	"short": {
		Seconds: 24, Lines: 10_000, Series: 2000, Round: 2, Spans: 500, Rotate: 5, Warm: 4, Calm: 3, Trouble: 2,
		Every: time.Second,
	},
	"overload": {
		Seconds: 600, Lines: 100_000, Series: 20_000, Round: 10, Spans: 5000, Rotate: 30, Warm: 10, Calm: 60, Trouble: 60,
		Capacity: 10_000, Every: 5 * time.Second, MemoryMiB: 512,
	},
	"overload-short": {
		Seconds: 15, Lines: 100_000, Series: 20_000, Round: 5, Spans: 5000, Rotate: 5, Warm: 2, Calm: 3, Trouble: 3,
		Capacity: 10_000, Every: time.Second, MemoryMiB: 512,
	},
}

// limiterMiB is what memory_limiter of the shipped profile lets the heap have.
const limiterMiB = 256

// tick is how often lines are written.
const tick = 100 * time.Millisecond

// rounds is how many times each series gets a point.
func (p *plan) rounds() int { return p.Seconds / p.Round }

// spanBatches is how many requests with spans are sent, one for each second.
func (p *plan) spanBatches() int { return p.Seconds }

// traceSpans is how many spans a trace has.
const traceSpans = 5

// tracesPerBatch is how many traces a request has.
func (p *plan) tracesPerBatch() int { return p.Spans / traceSpans }
