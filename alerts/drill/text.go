package drill

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteText says for people what became of the storm.
func (r *Record) WriteText(w io.Writer) error {
	verdict := "PASSED"
	if !r.Result.Passed {
		verdict = "FAILED"
	}
	res := &r.Result
	var b strings.Builder
	fmt.Fprintf(&b, "%s, seed %d: %s\n", r.Scenario, r.Seed, verdict)
	fmt.Fprintf(&b, "  sent        %d alerts of %d rules: %d with a true cause, %d symptoms, %d that have nothing to do with it\n",
		r.Alerts, r.Rules, len(res.Causes), r.Symptoms, r.Bystanders)
	if r.Flapping > 0 {
		fmt.Fprintf(&b, "  flapping    the conditions of %d came and went, of which keep_firing_for hid %d\n", r.Flapping, r.Damped)
	}
	fmt.Fprintf(&b, "  notified    %d times (%d allowed), %d of the alerts shown, %d symptoms before their cause, %d shown again; %d notifications that all is well\n",
		res.Notifications, res.Allowed, res.Shown, res.BeforeCause, res.Duplicates, res.Resolved)
	if len(res.Receivers) > 0 {
		fmt.Fprint(&b, "  to         ")
		for i, name := range slices.Sorted(maps.Keys(res.Receivers)) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, " %s %d", name, res.Receivers[name])
		}
		fmt.Fprintf(&b, "; misrouted %d, lost %d\n", res.Misrouted, res.Lost)
	}
	for _, c := range res.Causes {
		if c.Seconds < 0 {
			fmt.Fprintf(&b, "  cause       %s at %s was never told\n", c.Rule, c.Place)
			continue
		}
		fmt.Fprintf(&b, "  cause       %s at %s was told after %.1f s (%.0f s allowed), as number %d of %d\n", c.Rule, c.Place, c.Seconds, r.Budget.Seconds, c.Rank, c.Of)
	}
	fmt.Fprintf(&b, "  tidewatch   makes %s of the same alerts (%d of these of what has nothing to do with it), and names %d of %d causes", incidents(r.Incidents.Opened), r.Incidents.Bystanders, r.Incidents.CausesFound, len(res.Causes))
	if r.Incidents.FirstSeconds >= 0 {
		fmt.Fprintf(&b, ", the first after %.0f s", r.Incidents.FirstSeconds)
	}
	b.WriteByte('\n')
	if r.Speed != 1 {
		fmt.Fprintf(&b, "  speed       %g times as fast as in life; times are those of life, and so the Alertmanager's own share in them is too large\n", r.Speed)
	}
	for _, reason := range res.Reasons {
		fmt.Fprintf(&b, "  over        %s\n", reason)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write result of drill: %w", err)
	}
	return nil
}

func incidents(n int) string {
	if n == 1 {
		return "1 incident"
	}
	return fmt.Sprintf("%d incidents", n)
}
