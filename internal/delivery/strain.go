package delivery

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// The metrics of what a component gives up on the way.
const (
	metricPanics       = "tidewatch_panics"
	metricRestarts     = "tidewatch_panic_restarts"
	metricPanicDropped = "tidewatch_panic_dropped_items"
	metricShed         = "tidewatch_shed_items"
	metricShedding     = "tidewatch_load_shedding_level"
)

// steps says what is left out on each rung of the ladder of load shedding.
var steps = [...]string{1: "debug lines are sampled", 2: "debug lines are sampled and exemplars dropped", 3: "debug lines are sampled, exemplars dropped and new patterns not learned", 4: "files, the journal, Kafka and scrapes wait, and debug lines are sampled"}

// givenUp returns the component that gave records up on the way, and why; empty for all other
// metrics.
func givenUp(m selfmetrics.Sample) (component, reason string) {
	switch {
	case m.Name == metricPanicDropped:
		return m.Labels["component"], "panic"
	case m.Name == metricShed && m.Labels["step"] == "sample_debug":
		return m.Labels["component"], "shed_debug"
	}
	return "", ""
}

// Strain says in sentences what the agent does without for want of processor time or
// memory, and what in it has panicked; nothing if all is well.
func Strain(samples []selfmetrics.Sample) []string {
	var out []string
	panics, restarts := map[string]float64{}, map[string]float64{} // by component, bounded by the configuration
	level := 0
	for _, m := range samples {
		switch m.Name {
		case metricShedding:
			level = max(level, min(int(m.Value), len(steps)-1))
		case metricPanics:
			panics[m.Labels["component"]] += m.Value
		case metricRestarts:
			restarts[m.Labels["component"]] += m.Value
		}
	}
	if level > 0 {
		out = append(out, fmt.Sprintf("The agent is short of processor time or memory (step %d of %d): %s until there is room again.", level, len(steps)-1, steps[level]))
	}
	for _, name := range slices.Sorted(maps.Keys(panics)) {
		if n := panics[name]; n > 0 {
			again := ""
			if r := restarts[name]; r > 0 {
				again = " and was started anew " + times(r)
			}
			out = append(out, fmt.Sprintf("%s panicked %s since the start%s: the agent's log has the stack, please report it.", cmp.Or(name, "A part"), times(n), again))
		}
	}
	return out
}

func times(n float64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%.0f times", n)
}
