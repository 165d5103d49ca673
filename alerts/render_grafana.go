package alerts

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"time"
)

// The file format of Grafana's provisioning of alert rules.
type grafanaFile struct {
	APIVersion int            `yaml:"apiVersion"`
	Groups     []grafanaGroup `yaml:"groups"`
}

type grafanaGroup struct {
	OrgID    int           `yaml:"orgId"`
	Name     string        `yaml:"name"`
	Folder   string        `yaml:"folder"`
	Interval string        `yaml:"interval"`
	Rules    []grafanaRule `yaml:"rules"`
}

type grafanaRule struct {
	UID           string            `yaml:"uid"`
	Title         string            `yaml:"title"`
	Condition     string            `yaml:"condition"`
	Data          []grafanaQuery    `yaml:"data"`
	NoDataState   string            `yaml:"noDataState"`
	ExecErrState  string            `yaml:"execErrState"`
	For           string            `yaml:"for"`
	KeepFiringFor string            `yaml:"keepFiringFor,omitempty"`
	Annotations   map[string]string `yaml:"annotations"`
	Labels        map[string]string `yaml:"labels"`
	IsPaused      bool              `yaml:"isPaused"`
}

type grafanaQuery struct {
	RefID             string         `yaml:"refId"`
	QueryType         string         `yaml:"queryType,omitempty"`
	RelativeTimeRange map[string]int `yaml:"relativeTimeRange,omitempty"`
	DatasourceUID     string         `yaml:"datasourceUid"`
	Model             map[string]any `yaml:"model"`
}

// expressions is the name that Grafana's own arithmetic has among its data sources.
const expressions = "__expr__"

// RenderGrafana renders grafana/alerts.yaml, for the provisioning of unified alerting. An expression of ours has a result
// only while something is wrong, so that having any is the condition, and having none is health.
func RenderGrafana(l Ledger, o Options) (map[string][]byte, error) {
	f := grafanaFile{APIVersion: 1}
	for _, loki := range []bool{false, true} {
		err := l.groupsOf(loki, func(group string, rules []*Rule) error {
			g := grafanaGroup{OrgID: 1, Name: "tidewatch-" + group, Folder: cmp.Or(o.Folder, "Tidewatch"), Interval: "1m"}
			if loki {
				g.Name += "-loki"
			}
			for _, r := range rules {
				entries, err := l.grafanaRules(r, o)
				if err != nil {
					return err
				}
				g.Rules = append(g.Rules, entries...)
			}
			f.Groups = append(f.Groups, g)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(f.Groups) == 0 {
		return nil, nil
	}
	text, err := marshal(f)
	return map[string][]byte{"grafana/alerts.yaml": text}, err
}

func (l Ledger) grafanaRules(r *Rule, o Options) ([]grafanaRule, error) {
	c, err := r.Compile()
	if err == nil && r.Trigger.Type == TriggerSLO {
		c, err = r.slo(false) // Grafana's own rules have nothing to record into
	}
	if err != nil {
		return nil, err
	}
	uid, model := cmp.Or(o.PrometheusUID, "prometheus"), map[string]any{"refId": "query", "instant": true, "range": false}
	queryType := ""
	if r.LogQL() {
		uid, queryType, model = cmp.Or(o.LokiUID, "loki"), "instant", map[string]any{"refId": "query", "queryType": "instant"}
	}
	var entries []grafanaRule
	for _, a := range c.Alertings {
		query := map[string]any{"expr": a.Expr}
		maps.Copy(query, model)
		title := r.ID
		if len(c.Alertings) > 1 {
			title += " (" + a.Severity + ")"
		}
		notes := l.annotations(r, a)
		if r.Trigger.Type == TriggerDynamic {
			delete(notes, "expected") // its template asks Prometheus, which Grafana's templates cannot
		}
		for k, v := range notes {
			notes[k] = grafanaTemplate(v)
		}
		labels := r.labels(a)
		entries = append(entries, grafanaRule{
			UID: grafanaUID(title), Title: title, Condition: "condition", NoDataState: "OK", ExecErrState: "Error",
			For: a.For.String(), KeepFiringFor: written(a.KeepFiringFor), Annotations: notes, Labels: labels,
			Data: []grafanaQuery{
				{RefID: "query", QueryType: queryType, RelativeTimeRange: map[string]int{"from": int((10 * time.Minute).Seconds()), "to": 0}, DatasourceUID: uid, Model: query},
				{RefID: "present", DatasourceUID: expressions, Model: map[string]any{
					"refId": "present", "type": "math", "expression": "is_number($query) || is_nan($query) || is_inf($query)",
				}},
				{RefID: "condition", DatasourceUID: expressions, Model: map[string]any{
					"refId": "condition", "type": "threshold", "expression": "present",
					"conditions": []any{map[string]any{"type": "query", "evaluator": map[string]any{"type": "gt", "params": []int{0}}}},
				}},
			},
		})
	}
	return entries, nil
}

// grafanaUID is lasting, at most 40 characters, and of letters that Grafana takes.
func grafanaUID(title string) string {
	sum := sha256.Sum256([]byte("tidewatch " + title))
	return "tidewatch-" + hex.EncodeToString(sum[:12])
}

// grafanaTemplate says $value as Grafana does.
func grafanaTemplate(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$value")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if after != "" && (after[0] == 's' || after[0] == '_') {
			b.WriteString("$value")
		} else {
			b.WriteString("$values.query.Value")
		}
		text = after
	}
}
