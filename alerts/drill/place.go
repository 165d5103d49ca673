package drill

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/alerts"
)

// place is where a cause is: a host, with the services that run there, or, wide, many hosts.
type place struct {
	host, service, cluster string
	wide                   bool
}

// names of services, of which each place has its own.
var names = []string{"cart", "checkout", "inventory", "payment", "search", "shipping", "users", "catalogue", "mail", "reviews"}

func (g *generator) place(number int) place {
	return place{
		host:    fmt.Sprintf("node-%d-%d", number, g.rng.IntN(90)+10),
		service: fmt.Sprintf("%s-%d", names[g.rng.IntN(len(names))], number),
		cluster: fmt.Sprintf("cluster-%d", number),
	}
}

// value of a label that says where something is; n tells several of a place apart.
func (p *place) value(label, example string, n int) (string, bool) {
	service, host := p.service, p.host
	if n > 0 {
		service = fmt.Sprintf("%s-%d", p.service, n)
	}
	if n > 0 && p.wide {
		host = fmt.Sprintf("%s-%d", p.host, n)
	}
	switch label {
	case "host_name", "k8s_node_name", "node", "host", "hostname", "nodename":
		return host, true
	case "instance":
		if _, port, ok := strings.Cut(example, ":"); ok {
			return host + ":" + port, true
		}
		return host, true
	case "service_name", "service", "k8s_deployment_name", "deployment", "k8s_container_name", "container", "server":
		return service, true
	case "k8s_pod_name", "pod":
		return service + "-7d9f6", true
	case "service_namespace", "k8s_namespace_name", "namespace", "deployment_environment_name":
		return "drill", true
	case "k8s_cluster_name", "cluster":
		return p.cluster, true
	}
	return "", false
}

// example is the richest label set that a test of the rule expects, nil where none fires.
func example(r *alerts.Rule) (labels map[string]string) {
	for _, t := range r.Tests {
		for _, a := range t.Alerts {
			if labels == nil || len(a.Labels) > len(labels) {
				labels = a.Labels
				if labels == nil {
					labels = map[string]string{}
				}
			}
		}
	}
	return labels
}

// placed says whether the alerts of a rule say where they are; the others are about everything.
func placed(r *alerts.Rule) bool {
	p := place{}
	for name := range example(r) {
		if _, known := p.value(name, "", 0); known {
			return true
		}
	}
	return false
}

// labelsOf are those of the n-th alert of a rule at a place. Labels of fixed have the
// values given there; some other one tells the n-th from the rest.
func labelsOf(r *alerts.Rule, p place, n int, fixed map[string]string) map[string]string {
	out := map[string]string{}
	apart := n == 0
	for name, shown := range example(r) {
		v, known := p.value(name, shown, n)
		if !known {
			v = shown
			if n > 0 && name != "job" && name != "metric" && name != "exporter" && name != "slo" {
				v = fmt.Sprintf("%s-%d", shown, n)
			}
		}
		if f, ok := fixed[name]; ok && f != "" {
			v = f
		} else if first, known := p.value(name, shown, 0); v != shown && (!known || v != first) {
			apart = true
		}
		out[name] = v
	}
	if !apart {
		out["service_instance_id"] = fmt.Sprintf("%s-%d", p.service, n)
	}
	out["alertname"] = r.ID
	out[alerts.LabelOwner], out[alerts.LabelSeverity], out[alerts.LabelGroup] = r.Owner, r.Severity, r.Group
	maps.Copy(out, r.Labels)
	return out
}

// Key is one text for one set of labels.
func Key(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%s=%q,", name, labels[name])
	}
	return b.String()
}
