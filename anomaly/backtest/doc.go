// Package backtest runs alert rules over history, side by side: fixed thresholds,
// the comparison with last week, adaptive bands by mean and deviation, and the
// detector of package anomaly.
//
// Points are shown one after the other, as they happened; no rule sees one that is
// still to come. The first part of the history only teaches; alerts are counted in
// the rest. A rule flags a point; an alert begins when flags last for Options.For and
// ends after as long without one; it pages at its beginning and every four hours while
// it lasts, as Alertmanager does by default. Where incidents are known, a page during
// one, or at most Options.Pad from it, is true and any other is a false alarm.
// Rules differ in how sensitive they are set; so each is tried at many thresholds and
// compared at the one where it finds as many incidents as the reference.
//
// Memory is about 70 KB per series, no matter how long the history is.
package backtest
