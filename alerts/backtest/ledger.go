package backtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/alerts"
)

// FromLedger are the alert rules that a rule of the ledger becomes, without recorded series: a history
// from before the rule has none. An slo has two.
func FromLedger(r *alerts.Rule) ([]Rule, error) {
	c, err := r.Compile()
	if err != nil {
		return nil, err
	}
	var out []Rule
	for _, a := range c.Alertings {
		expr := a.Expr
		for _, rec := range c.Recordings {
			expr = strings.ReplaceAll(expr, fmt.Sprintf("%s{slo=%q}", rec.Record, r.ID), "("+rec.Expr+")")
		}
		out = append(out, Rule{
			ID: r.ID, Group: r.Group, Owner: r.Owner, Severity: a.Severity, Expr: expr,
			For: time.Duration(a.For), KeepFiringFor: time.Duration(a.KeepFiringFor),
			Tunable: r.Trigger.Type == alerts.TriggerStatic, Absence: r.Trigger.Type == alerts.TriggerAbsence,
		})
	}
	return out, nil
}
