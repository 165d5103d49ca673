package logformat

import "strconv"

// Kind says what a Field holds.
type Kind uint8

// Kinds of fields. Numbers keep their literal in Str.
const (
	KindString Kind = iota
	KindInt
	KindFloat
	KindBool
	KindNull
	// KindMap and KindSlice are followed by their descendants; Len says by how many.
	KindMap
	KindSlice
)

// Field is one value of a record. A record's fields are a flat list in document
// order: a map or slice is followed by its Len descendants, so that nested
// values need no allocation of their own. Elements of a slice have no Key.
type Field struct {
	Key string
	// Str is the text of a string and the literal of a number.
	Str string
	// Int is the value of KindInt and KindBool (0 or 1).
	Int int64
	// Float is the value of KindFloat.
	Float float64
	// Len is the number of fields that follow and belong to a map or slice.
	Len  int
	Kind Kind
}

// Record is what one line, or several joined ones, says.
type Record struct {
	// Time is the time that the line states; Time.OK is false if it states none.
	Time Stamp
	// Own is the time without a zone that the program wrote where Time is that of
	// the container runtime.
	Own Stamp
	// Severity is the OpenTelemetry severity number, 0 if the line states none.
	Severity Severity
	// SeverityText is the level as the line spells it.
	SeverityText string
	// Body is the message; the whole line where the format has no message of its own.
	Body string
	// TraceID and SpanID are zero where the line states none.
	TraceID [16]byte
	SpanID  [8]byte
	// Service is the service's name where the line states one. The field that it
	// was read from stays in Fields.
	Service string
	// Fields are valid until the next call of the parser that filled the record.
	Fields []Field
	// Format is the one that the line was read as.
	Format Format
}

// Reset empties the record and keeps the memory of Fields.
func (r *Record) Reset() {
	f := r.Fields[:0]
	*r = Record{Fields: f}
}

func (r *Record) addString(key, value string) {
	r.Fields = appendField(r.Fields, key, value, KindString)
}

func (r *Record) addInt(key string, n int64) {
	r.Fields = appendField(r.Fields, key, "", KindInt)
	r.Fields[len(r.Fields)-1].Int = n
}

// appendField writes member by member, which is cheaper than a whole Field while
// garbage is collected.
func appendField(fields []Field, key, str string, kind Kind) []Field {
	n := len(fields)
	if n == cap(fields) {
		fields = append(fields, Field{})
	}
	fields = fields[:n+1]
	f := &fields[n]
	f.Key, f.Str, f.Int, f.Float, f.Len, f.Kind = key, str, 0, 0, 0, kind
	return fields
}

func (r *Record) has(key string) bool {
	for i := range r.Fields {
		if r.Fields[i].Key == key {
			return true
		}
	}
	return false
}

// addUnique adds a value under the key, or under one derived from it if it is taken.
func (r *Record) addUnique(key, value string) {
	if r.has(key) {
		key = attrTag
		for n := 2; r.has(key); n++ {
			key = attrTag + strconv.Itoa(n)
		}
	}
	r.addString(key, value)
}

// Format names the syntax of a line.
type Format uint8

// Formats. FormatAuto decides line by line; the last two cannot be chosen, they
// only say how a text was read.
const (
	FormatAuto Format = iota
	FormatPlain
	FormatJSON
	FormatCRI
	FormatDocker
	FormatLogfmt
	FormatSyslog
)

var formatNames = [...]string{"auto", "plain", "json", "cri", "docker", "logfmt", "syslog"}

// String returns the name used in configuration.
func (f Format) String() string { return formatNames[f] }

// ParseFormat is the inverse of String.
func ParseFormat(name string) (Format, bool) {
	for i, n := range formatNames[:FormatLogfmt] {
		if n == name {
			return Format(i), true
		}
	}
	return FormatAuto, false
}
