package drill

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/alerts"
)

// mark is the beginning of the names of receivers that a drill made.
const mark = "tidewatch-drill/"

// Plan is a configuration for a drill.
type Plan struct {
	// Config is a configuration of Alertmanager that notifies nobody but the drill.
	Config []byte
	// Receivers are the names that it had, and has again in notifications that are judged.
	Receivers []string
	// GroupWait is the shortest that a route has, as in life.
	GroupWait time.Duration
}

// Configure replaces each receiver of an Alertmanager's configuration by a webhook at hook (an URL) and keeps the rest:
// routes, grouping, inhibition. Times at which routes are silent are left out, so that a drill at night says the same as one
// at noon. With a speed of more than one all waiting is that much shorter.
func Configure(config []byte, hook string, speed float64) (Plan, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(config, &doc); err != nil {
		return Plan{}, fmt.Errorf("read configuration of Alertmanager: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return Plan{}, errors.New("read configuration of Alertmanager: it is no mapping with route and receivers")
	}
	root := doc.Content[0]
	route, receivers := field(root, "route"), field(root, "receivers")
	if route == nil || receivers == nil || receivers.Kind != yaml.SequenceNode {
		return Plan{}, errors.New("read configuration of Alertmanager: route and receivers are needed")
	}
	p := Plan{GroupWait: routeTimes[0].otherwise}
	for _, r := range receivers.Content {
		name := field(r, "name")
		if name == nil || name.Value == "" {
			return Plan{}, fmt.Errorf("read configuration of Alertmanager: line %d: a receiver has no name", r.Line)
		}
		p.Receivers = append(p.Receivers, name.Value)
		quiet := len(r.Content) == 2 // a name and nothing to notify
		*r = yaml.Node{Kind: yaml.MappingNode}
		set(r, "name", text(mark+name.Value))
		if quiet {
			continue
		}
		webhook := &yaml.Node{Kind: yaml.MappingNode}
		set(webhook, "url", text(hook))
		set(webhook, "send_resolved", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		set(r, "webhook_configs", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{webhook}})
	}
	// What is left could name servers and secrets, and a drill needs none of it.
	for _, key := range []string{"global", "templates", "time_intervals", "mute_time_intervals", "tracing"} {
		drop(root, key)
	}
	if err := p.prepare(route, speed, true); err != nil {
		return Plan{}, err
	}
	out, err := yaml.Marshal(&doc)
	if err != nil {
		return Plan{}, fmt.Errorf("write configuration of Alertmanager: %w", err)
	}
	p.Config = out
	return p, Own(string(out)) // whatever YAML can do: nobody else may be notified
}

// Times of a route of Alertmanager that says nothing.
var routeTimes = []struct {
	key       string
	otherwise time.Duration
}{{"group_wait", 30 * time.Second}, {"group_interval", 5 * time.Minute}, {"repeat_interval", 4 * time.Hour}}

func (p *Plan) prepare(route *yaml.Node, speed float64, top bool) error {
	if route.Kind != yaml.MappingNode {
		return fmt.Errorf("read configuration of Alertmanager: line %d: a route must be a mapping", route.Line)
	}
	drop(route, "active_time_intervals")
	drop(route, "mute_time_intervals")
	if r := field(route, "receiver"); r != nil {
		*r = *text(mark + r.Value)
	}
	for _, t := range routeTimes {
		n, d := field(route, t.key), alerts.Duration(t.otherwise)
		if n == nil && !top {
			continue
		}
		if n != nil {
			var err error
			if d, err = alerts.ParseDuration(n.Value); err != nil {
				return fmt.Errorf("read configuration of Alertmanager: line %d: %s: %w", n.Line, t.key, err)
			}
		}
		if t.key == "group_wait" && (top || time.Duration(d) < p.GroupWait) {
			p.GroupWait = time.Duration(d)
		}
		drop(route, t.key)
		set(route, t.key, text(alerts.Duration(scaled(time.Duration(d), speed)).String()))
	}
	if routes := field(route, "routes"); routes != nil {
		for _, r := range routes.Content {
			if err := p.prepare(r, speed, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// scaled is a time at a speed, in whole milliseconds.
func scaled(d time.Duration, speed float64) time.Duration {
	if speed == 1 || d == 0 {
		return d
	}
	return max(time.Duration(float64(d)/speed).Round(time.Millisecond), time.Millisecond)
}

// Own says whether a running Alertmanager, by the configuration that its API tells, notifies only a drill. Secrets, and so
// the URLs of webhooks, are hidden there; but each receiver must bear the name that a drill gives.
func Own(config string) error {
	var c struct {
		Receivers []map[string]any `yaml:"receivers"`
	}
	if err := yaml.Unmarshal([]byte(config), &c); err != nil {
		return fmt.Errorf("read configuration of the running Alertmanager: %w", err)
	}
	if len(c.Receivers) == 0 {
		return errors.New("the running Alertmanager says no receivers")
	}
	for _, r := range c.Receivers {
		name, _ := r["name"].(string)
		if !strings.HasPrefix(name, mark) {
			return fmt.Errorf("its receiver %q is not the drill's own: real people could be called", name)
		}
		for key := range r {
			if key != "name" && key != "webhook_configs" {
				return fmt.Errorf("its receiver %q has %s, which is not the drill's own: real people could be called", name, key)
			}
		}
	}
	return nil
}

// Receiver is the name of a receiver as it was before Configure.
func Receiver(name string) string { return strings.TrimPrefix(name, mark) }

func field(m *yaml.Node, key string) *yaml.Node {
	for i := 0; m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

func drop(m *yaml.Node, key string) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content = append(m.Content[:i], m.Content[i+2:]...)
			return
		}
	}
}

func set(m *yaml.Node, key string, value *yaml.Node) {
	m.Content = append(m.Content, text(key), value)
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }
