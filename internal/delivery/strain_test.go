package delivery_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

func TestStrain(t *testing.T) {
	require.Empty(t, delivery.Strain([]selfmetrics.Sample{sample("tidewatch_load_shedding_level", 0), sample("tidewatch_panics", 0, "component", "processor/host")}))
	now := []selfmetrics.Sample{
		sample("tidewatch_load_shedding_level", 1),
		sample("tidewatch_shed_items", 90, "component", "processor/log_pattern", "step", "sample_debug"),
		sample("tidewatch_shed_items", 5, "component", "connector/red", "step", "drop_exemplars"),
		sample("tidewatch_panics", 6, "component", "processor/odd"),
		sample("tidewatch_panics", 1, "component", "connector/red"),
		sample("tidewatch_panic_restarts", 1, "component", "processor/odd"),
		sample("tidewatch_panic_dropped_items", 2, "component", "processor/odd"),
	}
	require.Equal(t, []string{
		"Source processor/log_pattern has dropped 90 records (shed_debug).",
		"Source processor/odd has dropped 2 records (panic).",
		"The agent is short of processor time or memory (step 1 of 4): debug lines are sampled until there is room again.",
		"connector/red panicked once since the start: the agent's log has the stack, please report it.",
		"processor/odd panicked 6 times since the start and was started anew once: the agent's log has the stack, please report it.",
	}, diagnose(nil, now))
	require.Equal(t, []delivery.Source{
		{ID: "processor/log_pattern", Dropped: map[string]float64{"shed_debug": 90}},
		{ID: "processor/odd", Dropped: map[string]float64{"panic": 2}},
	}, delivery.Draw(now).Sources)
	require.Contains(t, delivery.Strain([]selfmetrics.Sample{sample("tidewatch_load_shedding_level", 99)})[0], "step 4 of 4", "whatever is read")
}
