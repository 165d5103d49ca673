package incident

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/signals"
)

// Other is the name under which everything is kept that has no room of its own.
const Other = "<other>"

// Bounds of one finding: texts come from logs and from other people's rules.
const (
	maxText   = 1024
	maxName   = 256
	maxAttrs  = 24
	maxTraces = 16
	maxLinks  = 8

	maxReceipt = 4 << 10
)

// Attr is one attribute.
type Attr struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Finding is one state of a finding, as docs/findings.md has it. The engine keeps
// it and changes nothing in it.
type Finding struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	State    string    `json:"state"`
	Severity string    `json:"severity"`
	Score    float64   `json:"score"`
	Start    time.Time `json:"start"`
	Time     time.Time `json:"time"`
	Summary  string    `json:"summary"`
	// Entity is the resource that the finding is about; for a root cause the suspect.
	Entity []Attr `json:"entity,omitempty"`
	// Subject is what the finding is about within its entity.
	Subject []Attr `json:"subject,omitempty"`
	// Details are further attributes; they say more and identify nothing.
	Details []Attr `json:"details,omitempty"`
	// Receipt is JSON that says why the finding was raised. What is too long or no JSON
	// is left out.
	Receipt json.RawMessage `json:"receipt,omitempty"`
	// Below says that a metric is below its band.
	Below bool `json:"below,omitempty"`
	// Traces are ids of traces that show it.
	Traces []string `json:"traces,omitempty"`
	// Affects names services in which the effects of a root cause were seen.
	Affects []string `json:"affects,omitempty"`
	// Signal says what kind of trouble it is: see the Signal constants. Empty is
	// worked out by Observe.
	Signal string   `json:"signal,omitempty"`
	Links  []string `json:"links,omitempty"`
}

// Open says whether the condition still holds.
func (f *Finding) Open() bool { return f.State != signals.StateResolved }

// attr returns a value of the entity, "" without one.
func attr(attrs []Attr, key string) string {
	for _, a := range attrs {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

// Node is a place in the service graph: "service:cart" or "host:node-3".
type Node string

// ServiceNode and HostNode name places. Services are known by their name alone,
// as spans know them.
func ServiceNode(name string) Node { return Node("service:" + clip(name, maxName)) }

// HostNode names a host.
func HostNode(name string) Node { return Node("host:" + clip(name, maxName)) }

// Name is the node without its kind.
func (n Node) Name() string {
	_, name, _ := strings.Cut(string(n), ":")
	return name
}

// Service says whether the node is a service.
func (n Node) Service() bool { return strings.HasPrefix(string(n), "service:") }

// workloads name what runs where no service is named, most telling first.
var workloads = [...]string{"k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.container.name", "container.name", "k8s.pod.name"}

// nodeOf returns where an entity is in the graph, and the host that it runs on if
// it is not a host itself.
func nodeOf(entity []Attr) (node, host Node) {
	h := cmp.Or(attr(entity, signals.AttrHostName), attr(entity, "k8s.node.name"))
	if h != "" {
		host = HostNode(h)
	}
	if s := attr(entity, signals.AttrServiceName); s != "" {
		return ServiceNode(s), host
	}
	for _, k := range workloads {
		if v := attr(entity, k); v != "" {
			return ServiceNode(v), host
		}
	}
	if host != "" {
		return host, ""
	}
	for _, a := range entity {
		return Node("entity:" + clip(a.Key+"="+a.Value, maxName)), ""
	}
	return Node("entity:" + Other), ""
}

// bounded returns a copy within the bounds, with sorted attributes.
func (f *Finding) bounded() Finding {
	out := *f
	out.ID, out.Kind, out.State, out.Severity = clip(f.ID, maxName), clip(f.Kind, maxName), clip(f.State, maxName), clip(f.Severity, maxName)
	out.Summary = clip(f.Summary, maxText)
	out.Entity, out.Subject, out.Details = boundedAttrs(f.Entity), boundedAttrs(f.Subject), boundedAttrs(f.Details)
	out.Receipt = nil
	if len(f.Receipt) <= maxReceipt && json.Valid(f.Receipt) {
		out.Receipt = slices.Clone(f.Receipt)
	}
	out.Traces, out.Affects, out.Links = boundedTexts(f.Traces, maxTraces), boundedTexts(f.Affects, maxAttrs), boundedTexts(f.Links, maxLinks)
	if out.Signal == "" {
		out.Signal = f.signal()
	}
	if out.Start.IsZero() {
		out.Start = f.Time
	}
	return out
}

func boundedAttrs(attrs []Attr) []Attr {
	out := make([]Attr, 0, min(len(attrs), maxAttrs))
	for _, a := range attrs[:min(len(attrs), maxAttrs)] {
		out = append(out, Attr{clip(a.Key, maxName), clip(a.Value, maxText)})
	}
	slices.SortFunc(out, func(a, b Attr) int { return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value)) })
	return out
}

func boundedTexts(texts []string, most int) []string {
	var out []string
	for _, t := range texts[:min(len(texts), most)] {
		out = append(out, clip(t, maxText))
	}
	return out
}

// clip shortens a text to at most n bytes without cutting a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:n], "")
}
