package history

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Labels identify a series, the metric's name as __name__.
type Labels map[string]string

// String writes them as a selector: name{key="value"}, keys in order.
func (l Labels) String() string {
	var b strings.Builder
	b.WriteString(l["__name__"])
	first := true
	for _, k := range slices.Sorted(maps.Keys(l)) {
		if k == "__name__" {
			continue
		}
		if first {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(k + "=" + strconv.Quote(l[k]))
	}
	if !first {
		b.WriteByte('}')
	}
	if b.Len() == 0 {
		return "{}"
	}
	return b.String()
}
