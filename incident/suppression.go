package incident

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.yaml.in/yaml/v3"
)

// Suppression says of a finding that it is noise: what it matches is counted and does
// not become part of an incident. It has an owner and an end, so that it can be
// reviewed.
type Suppression struct {
	ID string `yaml:"id" json:"id"`
	// Kind is the finding's kind; empty matches all.
	Kind string `yaml:"kind,omitempty" json:"kind,omitempty"`
	// Entity and Subject must be among the finding's attributes. The value * stands for
	// any value.
	Entity  map[string]string `yaml:"entity,omitempty" json:"entity,omitempty"`
	Subject map[string]string `yaml:"subject,omitempty" json:"subject,omitempty"`
	// Owner said so, Reason is why.
	Owner  string `yaml:"owner" json:"owner"`
	Reason string `yaml:"reason,omitempty" json:"reason,omitempty"`
	// Created, Expires: it holds from the one to the other.
	Created time.Time `yaml:"created" json:"created"`
	Expires time.Time `yaml:"expires" json:"expires"`
	// Incident is the one of which it was said, Example the finding's sentence.
	Incident string `yaml:"incident,omitempty" json:"incident,omitempty"`
	Example  string `yaml:"example,omitempty" json:"example,omitempty"`

	// Hits counts what it matched, Last is when it did.
	Hits uint64    `yaml:"-" json:"hits"`
	Last time.Time `yaml:"-" json:"last,omitzero"`
}

// passing are attributes that change with each start of a program: they do not say
// what is noise.
var passing = []string{"k8s.pod.name", "k8s.pod.uid", "container.id", "service.instance.id", "process.pid", "host.id"}

// suppressionOf says of a finding that it is noise.
func suppressionOf(m *Member) Suppression {
	s := Suppression{Kind: m.Kind, Entity: map[string]string{}, Subject: map[string]string{}, Example: m.Summary}
	for _, a := range m.Entity {
		isHost := strings.HasPrefix(a.Key, "host.") || strings.HasPrefix(a.Key, "os.") || a.Key == "k8s.node.name"
		if !slices.Contains(passing, a.Key) && (!isHost || !m.Node.Service()) {
			s.Entity[a.Key] = a.Value
		}
	}
	for _, a := range m.Subject {
		s.Subject[a.Key] = a.Value
	}
	s.ID = s.hash()
	return s
}

// hash is the identity of what is matched.
func (s *Suppression) hash() string {
	h := xxhash.New()
	write := func(m map[string]string) {
		for _, k := range sortedKeys(m) {
			_, _ = fmt.Fprintf(h, "%d:%s=%d:%s,", len(k), k, len(m[k]), m[k])
		}
		_, _ = h.WriteString(";")
	}
	_, _ = h.WriteString(s.Kind + ";")
	write(s.Entity)
	write(s.Subject)
	return fmt.Sprintf("%016x", h.Sum64())
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Matches says whether a finding is noise by this suppression at a time.
func (s *Suppression) Matches(f *Finding, now time.Time) bool {
	return now.Before(s.Expires) && (s.Kind == "" || s.Kind == f.Kind) && matches(s.Entity, f.Entity) && matches(s.Subject, f.Subject)
}

func matches(want map[string]string, have []Attr) bool {
	for k, v := range want {
		if !slices.ContainsFunc(have, func(a Attr) bool { return a.Key == k && (v == "*" || v == a.Value) }) {
			return false
		}
	}
	return true
}

// Validate names the field and the fix.
func (s *Suppression) Validate() error {
	switch {
	case s.Owner == "":
		return errors.New("owner must say who is answerable for it")
	case s.Expires.IsZero():
		return errors.New("expires must be a time such as 2026-12-31T00:00:00Z: nothing is noise for ever")
	case len(s.Entity)+len(s.Subject) == 0:
		return errors.New("entity or subject must say what it matches: it would match everything")
	}
	return nil
}

// suppressionFile is the file that people read and edit.
type suppressionFile struct {
	Suppressions []Suppression `yaml:"suppressions"`
}

const suppressionHeader = `Findings that were called noise: they are counted and make no incident.
Edit freely; the file is read again when it changes. What has expired may go.`

// ParseSuppressions reads the file. An error names the line.
func ParseSuppressions(b []byte) ([]Suppression, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	var file suppressionFile
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil && len(bytes.TrimSpace(b)) > 0 && root.Kind != 0 {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	list := listOf(&root)
	for i := range file.Suppressions {
		s := &file.Suppressions[i]
		if err := s.Validate(); err != nil {
			return nil, fmt.Errorf("read suppressions: line %d: %w", list.Content[i].Line, err)
		}
		if s.ID == "" {
			s.ID = s.hash()
		}
	}
	return file.Suppressions, nil
}

// listOf finds the list in the file, nil without one.
func listOf(root *yaml.Node) *yaml.Node {
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	m := root.Content[0].Content
	for i := 0; i+1 < len(m); i += 2 {
		if m[i].Value == "suppressions" && m[i+1].Kind == yaml.SequenceNode {
			return m[i+1]
		}
	}
	return nil
}

// AddSuppressions returns the file with more in it, comments and order as they were.
// One with the id of an earlier one takes its place.
func AddSuppressions(b []byte, more ...Suppression) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	list := listOf(&root)
	if list == nil {
		if root.Kind != 0 && len(root.Content) > 0 && len(root.Content[0].Content) > 2 {
			return nil, errors.New("read suppressions: suppressions must be a list")
		}
		list = &yaml.Node{Kind: yaml.SequenceNode}
		root = yaml.Node{Kind: yaml.DocumentNode, HeadComment: suppressionHeader, Content: []*yaml.Node{{
			Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "suppressions"}, list},
		}}}
	}
	list.Style = 0
	for i := range more {
		var n yaml.Node
		if err := n.Encode(&more[i]); err != nil {
			return nil, fmt.Errorf("write suppressions: %w", err)
		}
		at := slices.IndexFunc(list.Content, func(o *yaml.Node) bool {
			var s Suppression
			return o.Decode(&s) == nil && s.ID == more[i].ID
		})
		if at >= 0 {
			list.Content[at] = &n
		} else {
			list.Content = append(list.Content, &n)
		}
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&root); err != nil {
		return nil, fmt.Errorf("write suppressions: %w", err)
	}
	return out.Bytes(), nil
}
