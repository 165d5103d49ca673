package redact

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Action is what becomes of what is found.
type Action uint8

const (
	// Mask puts **** in its place.
	Mask Action = iota
	// Hash puts <CLASS:hex> in its place, 16 digits of HMAC-SHA256: equal values stay equal.
	Hash
	// Label puts <CLASS> in its place.
	Label
	// Drop drops the attribute that holds it; in text it is as Mask.
	Drop
)

var actions = [...]string{"mask", "hash", "label", "drop_attribute"}

// ParseAction returns the action of a name.
func ParseAction(name string) (Action, error) {
	if i := slices.Index(actions[:], name); i >= 0 {
		return Action(i), nil
	}
	return 0, fmt.Errorf("%q must be one of %s", name, strings.Join(actions[:], ", "))
}

// Bounds of what a configuration may ask for.
const (
	MaxPatterns      = 32
	MaxPatternLength = 1000
	MinHashKey       = 16 // bytes
)

// Pattern is one of the user's own. Its first group, if it has one, is what is redacted.
type Pattern struct {
	Name       string // its class; lower case, digits and underscores
	Expression string // RE2
}

// Settings say what is redacted, and how. The zero value redacts nothing.
type Settings struct {
	Classes  Set
	Action   Action
	Actions  map[string]Action // by class or name of a pattern, instead of Action
	HashKey  []byte            // for Hash
	Patterns []Pattern
	Allow    []string // values that stay: globs, * stands for anything
	// DenyKeys are globs of keys (attributes, members of structured bodies) whose value is
	// redacted whatever it is; AllowKeys of those that are not looked at. Both in any case.
	DenyKeys, AllowKeys []string
}

// Redactor finds and replaces. It is safe for concurrent use; the work is done by a Pass.
type Redactor struct {
	classes   Set
	triggers  [256]trigger
	names     []string // of all classes, own patterns behind the others
	actions   []Action // as names
	labels    []string // as names, upper case
	key       []byte
	patterns  []pattern
	allow     []string
	denyKeys  []string
	allowKeys []string
}

type pattern struct {
	class  Class
	expr   *regexp.Regexp
	prefix string // every match begins with it
}

// New checks the settings and makes a Redactor.
func New(s Settings) (*Redactor, error) {
	if len(s.Patterns) > MaxPatterns {
		return nil, fmt.Errorf("patterns: at most %d", MaxPatterns)
	}
	r := &Redactor{
		classes: s.Classes, names: slices.Clone(names[:]), key: s.HashKey,
		allow: s.Allow, denyKeys: lower(s.DenyKeys), allowKeys: lower(s.AllowKeys),
	}
	for _, p := range s.Patterns {
		if p.Name == "" || strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return nil, fmt.Errorf("patterns: the name %q must be of lower case letters, digits and underscores", p.Name)
		}
		if slices.Contains(r.names, p.Name) {
			return nil, fmt.Errorf("patterns: there is a class %q already: take another name", p.Name)
		}
		if len(p.Expression) > MaxPatternLength {
			return nil, fmt.Errorf("patterns: %s is longer than %d bytes", p.Name, MaxPatternLength)
		}
		expr, err := regexp.Compile(p.Expression)
		if err != nil {
			return nil, fmt.Errorf("patterns: %s: %w", p.Name, err)
		}
		if expr.MatchString("") {
			return nil, fmt.Errorf("patterns: %s matches the empty text, which is everywhere", p.Name)
		}
		prefix, _ := expr.LiteralPrefix()
		r.patterns = append(r.patterns, pattern{class: Class(len(r.names)), expr: expr, prefix: prefix})
		r.names = append(r.names, p.Name)
	}
	for _, name := range r.names {
		action, ok := s.Actions[name]
		if !ok {
			action = s.Action
		}
		if action == Hash && len(s.HashKey) < MinHashKey {
			return nil, errors.New("hash needs a key of at least 16 bytes")
		}
		r.actions = append(r.actions, action)
		r.labels = append(r.labels, strings.ToUpper(name))
	}
	for name := range s.Actions {
		if !slices.Contains(r.names, name) {
			return nil, fmt.Errorf("actions: %q is neither a class nor one of your patterns", name)
		}
	}
	r.setTriggers()
	return r, nil
}

// ClassNames are the names of all classes by Class, own patterns behind the others.
func (r *Redactor) ClassNames() []string { return r.names }

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}
