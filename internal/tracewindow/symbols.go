package tracewindow

import "strings"

// symbol stands for a text; 0 for the empty one.
type symbol uint32

// textCost is what the table needs for a text beside its bytes: its entry, and its place in
// the map at the usual filling.
const textCost = 72

// symbols holds each text once and counts who needs it.
type symbols struct {
	index map[string]symbol
	texts []text
	free  []symbol
	bytes int64 // of all texts held
}

type text struct {
	value string
	refs  uint32
}

func newSymbols() symbols {
	return symbols{index: map[string]symbol{}, texts: make([]text, 1)}
}

// add returns the symbol of a text, which it copies if it is new. Every add needs a release.
func (s *symbols) add(value string) symbol {
	if value == "" {
		return 0
	}
	if id, ok := s.index[value]; ok {
		s.texts[id].refs++
		return id
	}
	value = strings.Clone(value)
	id := symbol(len(s.texts)) //nolint:gosec // bounded by bytes
	if n := len(s.free); n > 0 {
		id, s.free = s.free[n-1], s.free[:n-1]
		s.texts[id] = text{value, 1}
	} else {
		s.texts = append(s.texts, text{value, 1})
	}
	s.index[value] = id
	s.bytes += int64(len(value)) + textCost
	return id
}

func (s *symbols) release(id symbol) {
	if id == 0 {
		return
	}
	t := &s.texts[id]
	if t.refs--; t.refs > 0 {
		return
	}
	delete(s.index, t.value)
	s.bytes -= int64(len(t.value)) + textCost
	t.value = ""
	s.free = append(s.free, id)
}

func (s *symbols) text(id symbol) string { return s.texts[id].value }

// resources holds each resource once and counts the spans that have it.
type resources struct {
	index   map[string]uint32
	entries []resourceEntry
	free    []uint32
	bytes   int64
	key     []byte
}

type resourceEntry struct {
	value *Resource
	key   string
	refs  uint32
}

func newResources() resources { return resources{index: map[string]uint32{}} }

// add returns the number of a resource, of which it keeps a copy. The caller holds it once and
// releases it.
func (r *resources) add(value *Resource) uint32 {
	r.key = appendKey(r.key[:0], value)
	if id, ok := r.index[string(r.key)]; ok {
		r.entries[id].refs++
		return id
	}
	e := resourceEntry{value: cloneResource(value), key: string(r.key), refs: 1}
	id := uint32(len(r.entries)) //nolint:gosec // bounded by bytes
	if n := len(r.free); n > 0 {
		id, r.free = r.free[n-1], r.free[:n-1]
		r.entries[id] = e
	} else {
		r.entries = append(r.entries, e)
	}
	r.index[e.key] = id
	r.bytes += e.cost()
	return id
}

func (r *resources) release(id uint32) {
	e := &r.entries[id]
	if e.refs--; e.refs > 0 {
		return
	}
	delete(r.index, e.key)
	r.bytes -= e.cost()
	*e = resourceEntry{}
	r.free = append(r.free, id)
}

// cost: the texts are held twice, in the value and in the key.
func (e *resourceEntry) cost() int64 {
	return int64(2*len(e.key) + 32*len(e.value.Attributes) + 2*textCost)
}

func appendKey(b []byte, r *Resource) []byte {
	b = append(append(b, cut(r.Service)...), 0)
	b = append(append(b, cut(r.Host)...), 0)
	b = append(append(b, cut(r.Version)...), 0)
	for i := range r.Attributes {
		b = append(append(b, cut(r.Attributes[i].Key)...), 0)
		b = append(append(b, cut(r.Attributes[i].Value)...), 0)
	}
	return b
}

func cloneResource(r *Resource) *Resource {
	c := &Resource{Service: clip(r.Service), Host: clip(r.Host), Version: clip(r.Version), Attributes: make([]Attribute, 0, len(r.Attributes))}
	for i := range r.Attributes {
		c.Attributes = append(c.Attributes, Attribute{clip(r.Attributes[i].Key), clip(r.Attributes[i].Value)})
	}
	return c
}

func clip(s string) string { return strings.Clone(cut(s)) }

// maxText is how many bytes of any text are kept: statements and URLs tell themselves apart
// before that.
const maxText = 256

// cut returns the first maxText bytes of s, or a little less so that no character is cut in two.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
