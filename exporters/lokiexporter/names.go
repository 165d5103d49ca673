package lokiexporter

import (
	"strings"
	"sync"
	"unicode/utf8"
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

// maxNames bounds the memory of names: hosts use some hundred different ones.
const maxNames = 4096

// names remembers label names. It is safe for concurrent use. Names beyond
// maxNames are made anew each time.
type names struct {
	mu    sync.RWMutex // guards known
	known map[string]string
}

func (n *names) of(key string) string {
	n.mu.RLock()
	name, ok := n.known[key]
	n.mu.RUnlock()
	if ok {
		return name
	}
	name = labelName(key)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) < maxNames {
		n.known[strings.Clone(key)] = name
	}
	return name
}

// cut shortens s to at most n bytes, not in the middle of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
