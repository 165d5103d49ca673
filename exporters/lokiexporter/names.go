package lokiexporter

import (
	"strings"
	"unicode/utf8"

	"github.com/tidewatch/tidewatch/signals"
)

// labelName makes a name fit for Loki: letters, digits and underscores. What
// has none of the first two, or starts with a digit, gets "key_" before it.
func labelName(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	letters := false
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			letters = true
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	s := b.String()
	if !letters || s[0] >= '0' && s[0] <= '9' {
		return "key_" + s
	}
	return s
}

// maxNames bounds the memory of names: hosts use some hundred different ones. When
// there are more, all are forgotten and learned anew.
const maxNames = 4096

// name is the name of a pair of structured metadata.
type name struct {
	text  string
	field string // as nameField makes it
	// used is the number of the last record that has a pair of this name.
	used uint64
}

// key is an attribute, or a member of an attribute that is a map. As records of one
// source have the same attributes in the same order, each key remembers which one came
// after it and which member came first.
type key struct {
	text        string // of the attribute or member alone
	path        string // joined with its parents
	name        *name  // nil until it is needed
	passing     bool   // its value says nothing of the record
	members     map[string]*key
	first, next *key
}

// names remembers the names of attributes. One goroutine uses it.
type names struct {
	root  key
	known map[string]*name // by label
	keys  int
}

func newNames() *names { return &names{known: map[string]*name{}} }

// tidy forgets everything once there is too much. Keys and names from before are no
// longer to be used.
func (n *names) tidy() {
	if n.keys > maxNames || len(n.known) > maxNames {
		*n = *newNames()
	}
}

// member returns the key of a member of parent, given the one before it.
func (n *names) member(parent, before *key, text string) *key {
	guess := &parent.first
	if before != nil {
		guess = &before.next
	}
	if *guess == nil || (*guess).text != text {
		*guess = n.find(parent, text)
	}
	return *guess
}

func (n *names) find(parent *key, text string) *key {
	if k, ok := parent.members[text]; ok {
		return k
	}
	text = strings.Clone(text) // that of a record goes away with it
	k := &key{text: text, path: text}
	if parent != &n.root {
		k.path = parent.path + "." + text
	} else {
		k.passing = text == signals.AttrTemplate || text == signals.AttrPatternAliases
	}
	if parent.members == nil {
		parent.members = map[string]*key{}
	}
	parent.members[text] = k
	n.keys++
	return k
}

// of returns the name of a key.
func (n *names) of(k *key) *name {
	if k.name == nil {
		k.name = n.label(labelName(k.path))
	}
	return k.name
}

// label returns the name that is a label already.
func (n *names) label(text string) *name {
	if known, ok := n.known[text]; ok {
		return known
	}
	text = strings.Clone(text)
	made := &name{text: text, field: nameField(text)}
	n.known[text] = made
	return made
}

// cut shortens s to at most n bytes, not in the middle of a character.
func cut[T ~string | ~[]byte](s T, n int) T {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
