package logpattern

import "strings"

// Value is a variable of one line.
type Value struct {
	// Position is where in the pattern it stands: the same for all lines of one
	// pattern and kept by merges, rising from left to right, not dense.
	Position int
	// Kind is what the text looks like; a Reader, which has no patterns, says Word
	// of every plain word.
	Kind Kind
	// Hash of the text; equal texts have equal hashes, in every process.
	Hash uint64
	// Text is a part of the line, and valid as long as the line is.
	Text string
	// Label is the constant word just before ("port" of "port 22"), if there is one.
	// It is a part of the line too.
	Label string
}

// inElement is how many variables of one element have a position of their own;
// the elements of a long list share the last.
const inElement = 4

// Values appends the variables of the line that was observed last, from left to
// right. It does not allocate when dst has room. A line that went to OtherID has
// none.
func (m *Miner) Values(dst []Value) []Value {
	if m.last == nil {
		return dst
	}
	return m.scan.appendValues(dst, m.last.elems)
}

// Reader cuts lines as a Miner does, without patterns: for those who get lines
// that know their pattern from elsewhere, and want the values in them. It is not
// safe for concurrent use.
type Reader struct {
	opt  Options
	scan scan
}

// NewReader returns a Reader; of the options, those about lines matter.
func NewReader(opt Options) *Reader { return &Reader{opt: opt.withDefaults()} }

// Values appends every word of the message of line, from left to right. Constant
// words are among them, as a Reader cannot know which words vary; positions are
// those that a Miner has for the same line. It does not allocate when dst has
// room.
func (r *Reader) Values(line string, dst []Value) []Value {
	r.scan.readLine(line, &r.opt)
	return r.scan.appendValues(dst, nil)
}

// appendValues appends the words of the elements that elems says to be variable,
// of all if it is nil.
func (s *scan) appendValues(dst []Value, elems []uint64) []Value {
	if elems != nil && len(elems) != len(s.elems) {
		return dst
	}
	last, nth := int32(-1), 0
	for i, t := range s.tokens {
		if nth++; t.elem != last {
			last, nth = t.elem, 0
		}
		if elems != nil && elems[t.elem] != 0 {
			continue
		}
		v := Value{Position: position(t.elem, nth), Kind: t.kind, Text: s.msg[t.start:t.end]}
		if elems != nil && t.kind == Word {
			v.Kind = Any
		}
		v.Hash = wordHash(v.Text)
		if i > 0 && s.tokens[i-1].kind == Word && (elems == nil || elems[s.tokens[i-1].elem] != 0) {
			v.Label = s.msg[s.tokens[i-1].start:s.tokens[i-1].end]
		}
		dst = append(dst, v)
	}
	return dst
}

func position(elem int32, nth int) int { return int(elem)*inElement + min(nth, inElement-1) }

// number is the value of a word that is a number, in seconds if it is a duration
// and in bytes if it is a size; ok is false if it is none.
func number(w string, kind Kind) (v float64, ok bool) {
	negative := false
	if w != "" && (w[0] == '-' || w[0] == '+') {
		negative, w = w[0] == '-', w[1:]
	}
	for first := true; w != ""; first = false {
		n, unit := decimal(w)
		if n == 0 {
			return 0, false
		}
		x := unit
		w = w[n:]
		end := strings.IndexAny(w, "0123456789")
		if end < 0 {
			end = len(w)
		}
		scale, known := scaleOf(w[:end], kind)
		if !known || !first && kind != Duration {
			return 0, false
		}
		v += x * scale
		w = w[end:]
		ok = true
	}
	if negative {
		v = -v
	}
	return v, ok
}

// decimal reads digits with a fraction; n is their length, 0 if there are none.
func decimal(w string) (n int, v float64) {
	whole := 0
	for n < len(w) && isDigit(w[n]) {
		v = v*10 + float64(w[n]-'0')
		n++
	}
	whole = n
	if whole == 0 || n+1 >= len(w) || w[n] != '.' || !isDigit(w[n+1]) {
		return n, v
	}
	for scale := 0.1; n+1 < len(w) && isDigit(w[n+1]); scale /= 10 {
		n++
		v += float64(w[n]-'0') * scale
	}
	return n + 1, v
}

// scaleOf is what a number with the unit is multiplied by.
func scaleOf(unit string, kind Kind) (float64, bool) {
	switch {
	case unit == "" || kind == Num && unit == "%":
		return 1, true
	case kind == Duration:
		switch unit {
		case "ns":
			return 1e-9, true
		case "us", "µs", "usec":
			return 1e-6, true
		case "ms", "msec":
			return 1e-3, true
		case "s", "sec", "secs", "seconds":
			return 1, true
		case "m", "min", "mins", "minutes":
			return 60, true
		case "h", "hr", "hrs":
			return 3600, true
		case "d":
			return 86400, true
		}
	case kind == Size:
		power := strings.IndexByte("BKMGT", unit[0]&^0x20)
		if power < 0 {
			return 0, false
		}
		base := 1000.0
		if strings.IndexByte(unit, 'i') > 0 {
			base = 1024
		}
		v := 1.0
		for range power {
			v *= base
		}
		return v, true
	}
	return 0, false
}
