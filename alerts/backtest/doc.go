// Package backtest asks of each alert rule what it would have done to the people on call:
// how often it would have fired over a history, for how long, whether it flaps, and
// what a learned band would have said beside it. Of that it makes one proposal a rule.
//
// It asks nobody itself: a Run says which query it needs, is shown the answer series by
// series in the order of time, and sums up. `for` and `keep_firing_for` are applied as
// Prometheus applies them, at the steps of the history instead of at every evaluation.
//
// Memory is about 4 KB per series and 1 bit per step and variant, however many points
// there are.
package backtest
