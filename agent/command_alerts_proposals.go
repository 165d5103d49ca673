package agent

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/backtest"
)

// writeProposals writes the rules that are to be changed, below a folder, as a ledger has them: those to be tuned
// with their new times and thresholds, those to be closed or replaced as disabled. What the folder own had, and else what is
// shipped, is changed; the reason stands on top.
func writeProposals(folder, own string, l alerts.Ledger, outcomes []backtest.Outcome, day time.Time) (n int, err error) {
	written := map[string]bool{}
	for i := range outcomes {
		o := &outcomes[i]
		rule, ok := l.Rule(o.ID)
		if !ok || written[o.ID] || !agreed(o, outcomes) {
			continue
		}
		text, err := ruleText(own, rule)
		if err != nil {
			return n, err
		}
		changed, err := propose(text, o, day)
		if err != nil {
			return n, fmt.Errorf("%s: %w", rule.File, err)
		}
		if changed == nil {
			continue
		}
		name := filepath.Join(folder, filepath.FromSlash(rule.File))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return n, fmt.Errorf("write proposal: %w", err)
		}
		if err := os.WriteFile(name, changed, 0o644); err != nil { //nolint:gosec // a rule is no secret
			return n, fmt.Errorf("write proposal: %w", err)
		}
		written[o.ID] = true
		n++
	}
	return n, nil
}

// agreed says whether all that a rule became, an slo is two, may go if it is to go.
func agreed(o *backtest.Outcome, outcomes []backtest.Outcome) bool {
	goes := func(a string) bool { return a == backtest.ActionClose || a == backtest.ActionReplace }
	return !goes(o.Proposal.Action) || !slices.ContainsFunc(outcomes, func(other backtest.Outcome) bool {
		return other.ID == o.ID && !goes(other.Proposal.Action)
	})
}

func ruleText(own string, r *alerts.Rule) ([]byte, error) {
	if r.Shipped {
		return alerts.ShippedFile(r.File)
	}
	text, err := os.ReadFile(filepath.Join(own, filepath.FromSlash(r.File)))
	if err != nil {
		return nil, fmt.Errorf("read rule: %w", err)
	}
	return text, nil
}

// propose changes the text of a rule, or returns nil where nothing is to be changed.
func propose(text []byte, o *backtest.Outcome, day time.Time) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("change rule: it is no mapping: %w", err)
	}
	root := doc.Content[0]
	p := &o.Proposal
	switch p.Action {
	case backtest.ActionClose, backtest.ActionReplace:
		put(root, "disabled", "true")
	case backtest.ActionTune:
		trigger := value(root, "trigger")
		if trigger == nil {
			return nil, nil // nothing there to tune
		}
		for _, c := range []struct{ key, value string }{{"expr", p.Expr}, {"for", p.For}, {"keep_firing_for", p.KeepFiringFor}} {
			if c.value != "" {
				put(trigger, c.key, c.value)
			}
		}
	default:
		return nil, nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s, proposed by `tidewatch alerts backtest`: %s:\n# %s.\n", day.UTC().Format(time.DateOnly), p.Action, strings.ReplaceAll(p.Reason, "\n", " "))
	if p.Action == backtest.ActionReplace {
		b.WriteString("# Let a rule of type dynamic (tidewatch_anomaly_state) take its place.\n")
	}
	if p.Expr != "" {
		b.WriteString("# Its tests were written for the old threshold: see `tidewatch alerts test`.\n")
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, fmt.Errorf("change rule: %w", err)
	}
	return b.Bytes(), nil
}

func value(m *yaml.Node, key string) *yaml.Node {
	for i := 0; m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// put sets a plain value of a mapping.
func put(m *yaml.Node, key, text string) {
	n := value(m, key)
	if n == nil {
		n = &yaml.Node{}
		m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, n)
	}
	comment := n.LineComment
	*n = yaml.Node{Kind: yaml.ScalarNode, Value: text, LineComment: comment}
}
