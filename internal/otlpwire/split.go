package otlpwire

import "encoding/binary"

// The numbers are the same for logs, metrics and traces: a resource has its scopes in
// field 2, a scope its log records, metrics or spans.
const (
	fieldScopes  = 2
	fieldRecords = 2
	fieldTag     = 2<<3 | 2 // field 2, length-delimited
)

// slack is more than the lengths of a resource and its scope take.
const slack = 2 * (1 + binary.MaxVarintLen64)

// Split cuts an encoded resource with its tag into parts of about the same size, no larger
// than most, each with the resource and the scopes of its records. A part is larger only
// when it has a single record (of metrics, a single metric) that is. What is no OTLP comes
// back as one part. The parts may share memory with resource, which isn't changed.
func Split(resource []byte, most int) [][]byte {
	if len(resource) <= most || most <= 0 {
		return [][]byte{resource}
	}
	pieces := (len(resource) + most - 1) / most
	s := splitter{most: min(most, len(resource)/pieces+len(resource)/(8*pieces))}
	s.body, s.scope = make([]byte, 0, s.most), make([]byte, 0, s.most)
	body, rest, ok := open(resource)
	if !ok || len(rest) > 0 || !s.resource(body) {
		return [][]byte{resource}
	}
	return s.parts
}

type splitter struct {
	most   int
	parts  [][]byte
	around []byte // the resource's fields but its scopes
	body   []byte // scopes of the part that are finished
	name   []byte // the present scope's fields but its records
	scope  []byte // its records
}

func (s *splitter) resource(body []byte) bool {
	for left := body; len(left) > 0; {
		number, field, rest, ok := next(left)
		if !ok {
			return false
		}
		if number != fieldScopes {
			s.around = append(s.around, field...)
		}
		left = rest
	}
	for len(body) > 0 {
		number, field, rest, _ := next(body)
		body = rest
		if number != fieldScopes {
			continue
		}
		inside, _, ok := open(field)
		if !ok || !s.records(inside) {
			return false
		}
		s.endScope()
	}
	s.endPart()
	return true
}

func (s *splitter) records(scope []byte) bool {
	s.name = s.name[:0]
	for left := scope; len(left) > 0; {
		number, field, rest, ok := next(left)
		if !ok {
			return false
		}
		if number != fieldRecords {
			s.name = append(s.name, field...)
		}
		left = rest
	}
	for len(scope) > 0 {
		number, field, rest, _ := next(scope)
		scope = rest
		if number != fieldRecords {
			continue
		}
		if len(s.around)+len(s.body)+len(s.name)+len(s.scope)+len(field)+slack > s.most {
			s.endScope()
			s.endPart()
		}
		s.scope = append(s.scope, field...)
	}
	return true
}

func (s *splitter) endScope() {
	if len(s.scope) == 0 {
		return
	}
	s.body = append(s.body, fieldTag)
	s.body = binary.AppendUvarint(s.body, uint64(len(s.name)+len(s.scope)))
	s.body = append(append(s.body, s.name...), s.scope...)
	s.scope = s.scope[:0]
}

func (s *splitter) endPart() {
	if len(s.body) == 0 {
		return
	}
	part := make([]byte, 0, len(s.around)+len(s.body)+slack)
	part = append(part, tag)
	part = binary.AppendUvarint(part, uint64(len(s.around)+len(s.body)))
	s.parts = append(s.parts, append(append(part, s.around...), s.body...))
	s.body = s.body[:0]
}

// open returns what is inside of the length-delimited field at the beginning of b, and
// what is behind it.
func open(b []byte) (inside, rest []byte, ok bool) {
	_, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, b, false
	}
	size, m := binary.Uvarint(b[n:])
	if m <= 0 || size > uint64(len(b)-n-m) {
		return nil, b, false
	}
	end := n + m + int(size)
	return b[n+m : end], b[end:], true
}

// next splits the first field with its tag from the fields of a message.
func next(b []byte) (number uint64, field, rest []byte, ok bool) {
	key, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, b, false
	}
	end := n
	switch key & 7 {
	case 0:
		_, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return 0, nil, b, false
		}
		end += m
	case 1:
		end += 8
	case 2:
		_, behind, whole := open(b)
		if !whole {
			return 0, nil, b, false
		}
		end = len(b) - len(behind)
	case 5:
		end += 4
	default:
		return 0, nil, b, false
	}
	if end > len(b) {
		return 0, nil, b, false
	}
	return key >> 3, b[:end], b[end:], true
}
