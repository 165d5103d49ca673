package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The file format of promtool test rules.
type testFile struct {
	RuleFiles          []string    `yaml:"rule_files"`
	EvaluationInterval string      `yaml:"evaluation_interval"`
	Tests              []testGroup `yaml:"tests"`
}

type testGroup struct {
	Name     string     `yaml:"name"`
	Interval string     `yaml:"interval"`
	Input    []Series   `yaml:"input_series"`
	Expr     []exprTest `yaml:"promql_expr_test"`
}

type exprTest struct {
	Expr     string   `yaml:"expr"`
	EvalTime string   `yaml:"eval_time"`
	Samples  []sample `yaml:"exp_samples"`
}

type sample struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

// RenderTests renders prometheus/tests/<group>.yaml, for `promtool test rules`, with a further file for tests that are evaluated at longer
// intervals. Alerts are compared by all their labels, through the series ALERTS; their texts, which hold numbers, are not.
func RenderTests(l Ledger) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := l.groupsOf(false, func(group string, rules []*Rule) error {
		byInterval := map[Duration]*testFile{}
		for _, r := range rules {
			for _, t := range r.Tests {
				every := t.Evaluation()
				f := byInterval[every]
				if f == nil {
					f = &testFile{RuleFiles: []string{"../" + group + ".yaml"}, EvaluationInterval: every.String()}
					byInterval[every] = f
				}
				f.Tests = append(f.Tests, r.test(t))
			}
		}
		for every, f := range byInterval {
			name := "prometheus/tests/" + group
			if every != testInterval {
				name += "-" + every.String()
			}
			text, err := marshal(f)
			if err != nil {
				return err
			}
			files[name+".yaml"] = text
		}
		return nil
	})
	return files, err
}

// Evaluation is how often a test evaluates the rule: every minute, or as far apart as the values of its series are, so that
// days do not take minutes.
func (t Test) Evaluation() Duration { return max(testInterval, t.Interval) }

func (r *Rule) test(t Test) testGroup {
	interval := t.Interval
	if interval == 0 {
		interval = testInterval
	}
	e := exprTest{Expr: fmt.Sprintf("ALERTS{alertname=%q, alertstate=\"firing\"}", r.ID), EvalTime: t.At.String()}
	for _, a := range t.Alerts {
		set := r.ExpectedLabels(a)
		set["alertstate"] = "firing"
		e.Samples = append(e.Samples, sample{Labels: "ALERTS" + selector(set), Value: 1})
	}
	return testGroup{Name: r.ID + ": " + t.Name, Interval: interval.String(), Input: t.Series, Expr: []exprTest{e}}
}

// ExpectedLabels are all labels of an alert that a test expects, with those that the ledger sets.
func (r *Rule) ExpectedLabels(a Alert) map[string]string {
	severity := a.Severity
	if severity == "" {
		severity = r.Severity
	}
	set := maps.Clone(a.Labels)
	if set == nil {
		set = map[string]string{}
	}
	maps.Copy(set, r.labels(Alerting{Severity: severity}))
	set["alertname"] = r.ID
	return set
}

func selector(set map[string]string) string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(set)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", k, set[k]))
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}
