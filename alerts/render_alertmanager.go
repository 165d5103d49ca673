package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The file format of Alertmanager, as much as is needed.
type amConfig struct {
	Global        map[string]string `yaml:"global,omitempty"`
	Route         amRoute           `yaml:"route"`
	InhibitRules  []amInhibit       `yaml:"inhibit_rules,omitempty"`
	TimeIntervals []amTimeInterval  `yaml:"time_intervals,omitempty"`
	Receivers     []amReceiver      `yaml:"receivers"`
}

type amRoute struct {
	Matchers            []string  `yaml:"matchers,omitempty"`
	Receiver            string    `yaml:"receiver"`
	GroupBy             []string  `yaml:"group_by,omitempty"`
	GroupWait           string    `yaml:"group_wait,omitempty"`
	GroupInterval       string    `yaml:"group_interval,omitempty"`
	RepeatInterval      string    `yaml:"repeat_interval,omitempty"`
	ActiveTimeIntervals []string  `yaml:"active_time_intervals,omitempty"`
	Routes              []amRoute `yaml:"routes,omitempty"`
}

type amInhibit struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string `yaml:"equal,omitempty"`
}

type amTimeInterval struct {
	Name      string           `yaml:"name"`
	Intervals []map[string]any `yaml:"time_intervals"`
}

type amReceiver struct {
	Name      string           `yaml:"name"`
	Webhook   []map[string]any `yaml:"webhook_configs,omitempty"`
	Slack     []map[string]any `yaml:"slack_configs,omitempty"`
	PagerDuty []map[string]any `yaml:"pagerduty_configs,omitempty"`
	Email     []map[string]any `yaml:"email_configs,omitempty"`
}

const (
	// groupWait leaves a cause that comes a little after its symptoms the time to inhibit them.
	groupWait     = "30s"
	groupInterval = "5m"
	// defaultRepeat is how often an alert that goes on is told of again.
	defaultRepeat = Duration(4 * time.Hour)
	nobody        = "nobody"
)

var severities = []string{SeverityCritical, SeverityWarning, SeverityInfo}

// RenderAlertmanager renders alertmanager/alertmanager.yaml: a route for each owner with one for each severity below
// it, inhibitions, and receivers, whose secrets stay in files.
func RenderAlertmanager(l Ledger) (map[string][]byte, error) {
	if len(l.Owners.Owners) == 0 {
		return nil, nil
	}
	if _, ok := l.Owners.Owners[l.Owners.Default]; !ok {
		return nil, fmt.Errorf("%s: default is %q, which is no owner", l.Owners.positions.at("owners.yaml", "default"), l.Owners.Default)
	}
	c := amConfig{Receivers: []amReceiver{{Name: nobody}}, InhibitRules: l.inhibitions()}
	if s := l.Owners.SMTP; s != nil {
		c.Global = map[string]string{"smtp_smarthost": s.Smarthost, "smtp_from": s.From}
		if s.Username != "" {
			c.Global["smtp_auth_username"], c.Global["smtp_auth_password_file"] = s.Username, s.PasswordFile
		}
	}
	names := slices.Sorted(maps.Keys(l.Owners.Owners))
	for _, name := range names {
		o := l.Owners.Owners[name]
		c.Route.Routes = append(c.Route.Routes, o.route(name, []string{matcher(LabelOwner, name)}))
		for _, severity := range severities {
			if r, ok := o.Receivers[severity]; ok {
				c.Receivers = append(c.Receivers, r.render(name+"-"+severity))
			}
		}
		if h := o.WorkingHours; h != nil {
			c.TimeIntervals = append(c.TimeIntervals, h.render(name))
		}
	}
	// What no rule of the ledger made, as the incidents of the agent itself, is for the default owner.
	c.Route.Routes = append(c.Route.Routes, l.Owners.Owners[l.Owners.Default].route(l.Owners.Default, nil))
	c.Route.Receiver = l.Owners.Owners[l.Owners.Default].receiver(l.Owners.Default, SeverityWarning)
	c.Route.GroupBy = []string{"alertname"}
	c.Route.GroupWait, c.Route.GroupInterval, c.Route.RepeatInterval = groupWait, groupInterval, defaultRepeat.String()
	text, err := marshal(c)
	return map[string][]byte{"alertmanager/alertmanager.yaml": text}, err
}

func (o Owner) route(name string, matchers []string) amRoute {
	groupBy := o.GroupBy
	if len(groupBy) == 0 {
		groupBy = []string{"alertname"}
	}
	r := amRoute{Matchers: matchers, Receiver: o.receiver(name, SeverityWarning), GroupBy: groupBy, RepeatInterval: cmp.Or(o.RepeatInterval, defaultRepeat).String()}
	for _, severity := range severities {
		child := amRoute{Matchers: []string{matcher(LabelSeverity, severity)}, Receiver: o.receiver(name, severity)}
		if o.WorkingHours != nil && severity != SeverityCritical && child.Receiver != nobody {
			child.ActiveTimeIntervals = []string{name + "-working-hours"}
		}
		r.Routes = append(r.Routes, child)
	}
	return r
}

// receiver is who hears of a severity: its own, else the other that is not info, so that nothing is lost.
func (o Owner) receiver(name, severity string) string {
	order := []string{severity}
	if severity != SeverityInfo {
		order = severities[:2]
		if severity == SeverityWarning {
			order = []string{SeverityWarning, SeverityCritical}
		}
	}
	for _, s := range order {
		if _, ok := o.Receivers[s]; ok {
			return name + "-" + s
		}
	}
	return nobody
}

func (r Receiver) render(name string) amReceiver {
	out := amReceiver{Name: name}
	if r.WebhookURL != "" {
		out.Webhook = append(out.Webhook, map[string]any{"url": r.WebhookURL, "send_resolved": true})
	}
	if r.WebhookURLFile != "" {
		out.Webhook = append(out.Webhook, map[string]any{"url_file": r.WebhookURLFile, "send_resolved": true})
	}
	if r.SlackURLFile != "" {
		out.Slack = append(out.Slack, map[string]any{
			"api_url_file": r.SlackURLFile, "channel": r.SlackChannel, "send_resolved": true,
			"title": `{{ .Status | toUpper }}: {{ .CommonLabels.alertname }} ({{ .Alerts.Firing | len }})`,
			"text":  "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.action }} {{ .Annotations.runbook_url }}\n{{ end }}",
		})
	}
	if r.PagerDutyKeyFile != "" {
		out.PagerDuty = append(out.PagerDuty, map[string]any{"routing_key_file": r.PagerDutyKeyFile, "send_resolved": true})
	}
	if r.Email != "" {
		out.Email = append(out.Email, map[string]any{"to": r.Email, "send_resolved": true})
	}
	return out
}

func (h Hours) render(owner string) amTimeInterval {
	interval := map[string]any{"weekdays": []string{h.Weekdays}, "times": []map[string]string{{"start_time": h.Start, "end_time": h.End}}}
	if h.Location != "" {
		interval["location"] = h.Location
	}
	return amTimeInterval{Name: owner + "-working-hours", Intervals: []map[string]any{interval}}
}

func matcher(label, value string) string { return fmt.Sprintf("%s=%q", label, value) }

// places are labels that say where something is. Two alerts that agree in them are about the same thing; that they
// agree in others, such as a state or a device, says nothing.
var places = []string{
	"host_name", "service_name", "service_namespace", "deployment_environment_name",
	"k8s_cluster_name", "k8s_node_name", "k8s_namespace_name", "k8s_pod_name", "k8s_container_name", "k8s_deployment_name", "instance", "mountpoint",
	"cluster", "node", "namespace", "pod",
}

// EqualLabels are those in which an alert of rule r must agree with one of the rule by to be inhibited: those that r says, else the places
// that both have, as their tests show. An alert without labels of its own is about everything: nothing has to agree with it, if r says any.
func EqualLabels(r, by *Rule) []string {
	mine, theirs := r.alertLabels(), by.alertLabels()
	if r.Equal != nil {
		if len(theirs) == 0 {
			return nil
		}
		return r.Equal
	}
	var equal []string
	for _, p := range places {
		if mine[p] && theirs[p] {
			equal = append(equal, p)
		}
	}
	return equal
}

// alertLabels are the labels that the alerts of the rule always have: as its tests expect them, or, of rules for Loki, which
// have none, those by which the expression sums up.
func (r *Rule) alertLabels() map[string]bool {
	if r.LogQL() {
		return r.summedBy()
	}
	count, alerts := map[string]int{}, 0
	for _, t := range r.Tests {
		for _, a := range t.Alerts {
			alerts++
			for k := range a.Labels {
				count[k]++
			}
		}
	}
	always := map[string]bool{}
	for k, n := range count {
		always[k] = n == alerts
	}
	return always
}

func (r *Rule) summedBy() map[string]bool {
	set := map[string]bool{}
	c, err := r.Compile()
	if err != nil {
		return set
	}
	for _, a := range c.Alertings {
		_, after, _ := strings.Cut(a.Expr, "by (")
		list, _, _ := strings.Cut(after, ")")
		for label := range strings.SplitSeq(list, ",") {
			set[strings.TrimSpace(label)] = true
		}
	}
	return set
}

// inhibitions merges targets that one source inhibits by the same labels.
func (l Ledger) inhibitions() []amInhibit {
	type key struct{ source, equal string }
	targets := map[key][]string{}
	equals := map[key][]string{}
	for _, r := range l.Enabled() {
		for _, id := range r.InhibitedBy {
			source, ok := l.Rule(id)
			if !ok || source.Disabled {
				continue
			}
			equal := EqualLabels(r, source)
			k := key{id, strings.Join(equal, ",")}
			targets[k], equals[k] = append(targets[k], r.ID), equal
		}
	}
	var rules []amInhibit
	for _, k := range slices.SortedFunc(maps.Keys(targets), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.equal, b.equal))
	}) {
		rules = append(rules, amInhibit{Source: []string{matcher("alertname", k.source)}, Target: []string{anyOf("alertname", targets[k])}, Equal: equals[k]})
	}
	for _, r := range l.Enabled() {
		if r.Trigger.Type == TriggerSLO && r.Severity == SeverityCritical {
			rules = append(rules, amInhibit{
				Source: []string{matcher("alertname", r.ID), matcher(LabelSeverity, SeverityCritical)},
				Target: []string{matcher("alertname", r.ID), matcher(LabelSeverity, SeverityWarning)}, Equal: r.Trigger.By,
			})
		}
	}
	return rules
}

func anyOf(label string, values []string) string {
	if len(values) == 1 {
		return matcher(label, values[0])
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return fmt.Sprintf("%s=~%q", label, strings.Join(quoted, "|"))
}
