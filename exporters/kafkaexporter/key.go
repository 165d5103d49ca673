package kafkaexporter

import (
	"encoding/binary"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/internal/otlpwire"
)

// resourceKey is a hash of the named attributes of a resource, of all of them when none
// is named.
func resourceKey(r pcommon.Resource, names []string) uint64 {
	if len(names) == 0 {
		return attrhash.Map(r.Attributes())
	}
	part := pcommon.NewMap()
	for _, name := range names {
		if v, ok := r.Attributes().Get(name); ok {
			v.CopyTo(part.PutEmpty(name))
		}
	}
	return attrhash.Map(part)
}

// byKey makes one message per key of an encoded batch. resource tells the key of the n-th
// resource; one that is empty is left out.
func byKey(encoded []byte, resource func(n int) (key uint64, empty bool)) []message {
	var messages []message
	at := map[uint64]int{} // no more than there are resources
	for n := 0; ; n++ {
		one, rest, ok := otlpwire.Next(encoded)
		if !ok {
			return messages
		}
		encoded = rest
		key, empty := resource(n)
		if empty {
			continue
		}
		if i, known := at[key]; known {
			messages[i].value = append(messages[i].value, one...)
			continue
		}
		at[key] = len(messages)
		// The capacity ends here, so that append does not write over the next resource.
		messages = append(messages, message{key: binary.BigEndian.AppendUint64(nil, key), value: slices.Clip(one)})
	}
}
