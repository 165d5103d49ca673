package alertwebhookreceiver

import (
	"cmp"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/signals"
)

// workload are the labels of Kubernetes that say what an alert is about. Of findings
// of one kind, those of different identity are told apart.
var workload = []struct {
	label, attribute string
	identity         bool
}{
	{"namespace", "k8s.namespace.name", true},
	{"pod", "k8s.pod.name", true},
	{"container", "k8s.container.name", true},
	{"deployment", "k8s.deployment.name", false},
	{"statefulset", "k8s.statefulset.name", false},
	{"daemonset", "k8s.daemonset.name", false},
	{"cluster", "k8s.cluster.name", false},
}

// appendTo adds the finding of an alert as a resource of its own. Labels that name the
// entity become its attributes, all others the finding's subject.
func (r *alertReceiver) appendTo(ld plog.Logs, n *notification, a *alert) {
	rl := ld.ResourceLogs().AppendEmpty()
	resource := rl.Resource().Attributes()
	used := r.entity(a, resource)
	f := finding.Finding{
		Kind: signals.KindAlert, State: signals.StateOpen, Severity: severity(a.Labels[r.cfg.SeverityLabel]), Score: 1,
		Start: a.StartsAt, Time: r.now(), Links: a.links(n),
	}
	if a.Status == "resolved" {
		f.State = signals.StateResolved
		if !a.EndsAt.IsZero() && a.EndsAt.Before(f.Time) {
			f.Time = a.EndsAt
		}
	}
	if f.Start.IsZero() || f.Start.After(f.Time) {
		f.Start = f.Time
	}
	for _, k := range slices.Sorted(maps.Keys(a.Labels)) {
		switch {
		case k == "alertname":
			f.Subject = append(f.Subject, finding.Attr{Key: signals.AttrAlertName, Value: a.Labels[k]})
		case !used[k]:
			f.Subject = append(f.Subject, finding.Attr{Key: signals.AttrAlertLabel + k, Value: a.Labels[k]})
		}
	}
	f.Summary = a.summary(resource)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scope)
	f.AppendTo(sl.LogRecords(), resource)
}

// entity fills in what the alert is about and returns the labels that take part in the
// finding's identity by that.
func (r *alertReceiver) entity(a *alert, resource pcommon.Map) map[string]bool {
	used := map[string]bool{}
	put := func(label, attribute, value string) {
		used[label] = true
		resource.PutStr(attribute, value)
	}
	for _, l := range r.cfg.ServiceLabels {
		if v := a.Labels[l]; v != "" && !watcher(v) {
			put(l, signals.AttrServiceName, v)
			break
		}
	}
	for _, l := range r.cfg.HostLabels {
		if v := a.Labels[l]; v != "" {
			put(l, signals.AttrHostName, v)
			break
		}
	}
	for _, w := range workload {
		if v := a.Labels[w.label]; v != "" {
			put(w.label, w.attribute, v)
			used[w.label] = w.identity
		}
	}
	_, onPod := resource.Get("k8s.pod.name")
	if _, known := resource.Get(signals.AttrHostName); !known && !onPod {
		if host, _, err := net.SplitHostPort(a.Labels["instance"]); err == nil && host != "" {
			put("instance", signals.AttrHostName, host)
		} else if v := a.Labels["instance"]; v != "" && !strings.Contains(v, "/") {
			put("instance", signals.AttrHostName, v)
		}
	}
	if v := a.Labels["job"]; resource.Len() == 0 && v != "" && !watcher(v) {
		put("job", signals.AttrServiceName, v)
	}
	return used
}

// watcher says whether a service is one that watches others: its name says nothing
// about what an alert is about.
func watcher(service string) bool {
	return strings.HasSuffix(service, "exporter") || slices.Contains([]string{"node", "kubelet", "cadvisor", "kube-state-metrics", "prometheus", "blackbox"}, service)
}

// severity maps the words that people use. An alert without one is a warning.
func severity(label string) string {
	switch strings.ToLower(label) {
	case "critical", "crit", "page", "pager", "error", "fatal", "emergency", "disaster", "high", "p1", "sev1":
		return signals.SeverityCritical
	case "info", "informational", "none", "notice", "low", "debug", "ok":
		return signals.SeverityInfo
	default:
		return signals.SeverityWarning
	}
}

// summary is the sentence of the rule's author, or one of our own.
func (a *alert) summary(resource pcommon.Map) string {
	for _, k := range []string{"summary", "message", "description", "title"} {
		if v := strings.TrimSpace(a.Annotations[k]); v != "" {
			return v
		}
	}
	about := ""
	for _, k := range []string{signals.AttrServiceName, "k8s.pod.name", signals.AttrHostName} {
		if v, ok := resource.Get(k); ok {
			about = " for " + v.Str()
			break
		}
	}
	return cmp.Or(a.Labels["alertname"], "A rule") + " fires" + about + "."
}

// links are the runbook, the dashboard, the rule, and the Alertmanager.
func (a *alert) links(n *notification) []string {
	var out []string
	for _, l := range []string{a.Annotations["runbook_url"], a.Annotations["dashboard_url"], a.GeneratorURL, n.ExternalURL} {
		if u, err := url.Parse(l); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
