package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// errAnswer is wrapped by errors about what the server said.
var errAnswer = errors.New("answer is not a matrix")

// matrix reads the answer of query_range. Values are most of it, so they are read by
// hand; the rest is left to encoding/json.
func matrix(body []byte, visit Visit) (points int, err error) {
	r := reader{b: body}
	var status, kind, message string
	err = r.object(func(key string) error {
		switch key {
		case "status":
			return r.text(&status)
		case "error":
			return r.text(&message)
		case "errorType":
			return r.text(&kind)
		case "data":
			return r.object(func(key string) error {
				if key != "result" {
					return r.skip()
				}
				return r.array(func() error { return r.series(&points, visit) })
			})
		}
		return r.skip()
	})
	switch {
	case err != nil:
		return points, err
	case status == "error":
		return points, &Refusal{Kind: kind, Message: message}
	case status != "success":
		return points, errAnswer
	}
	return points, nil
}

// reader walks JSON.
type reader struct {
	b       []byte
	i       int
	scratch []Point
}

func (r *reader) series(n *int, visit Visit) error {
	labels := map[string]string{}
	r.scratch = r.scratch[:0]
	err := r.object(func(key string) error {
		switch key {
		case "metric":
			from := r.i
			if err := r.skip(); err != nil {
				return err
			}
			if err := json.Unmarshal(r.b[from:r.i], &labels); err != nil {
				return fmt.Errorf("%w: %w", errAnswer, err)
			}
			return nil
		case "values":
			return r.array(r.point)
		}
		return r.skip() // native histograms, for one
	})
	if err != nil {
		return err
	}
	*n += len(r.scratch)
	if len(r.scratch) == 0 {
		return nil
	}
	return visit(Labels(labels), r.scratch)
}

// point reads [seconds,"value"].
func (r *reader) point() error {
	if !r.take('[') {
		return r.bad()
	}
	seconds, err := strconv.ParseFloat(string(r.until(',')), 64)
	if err != nil || !(math.Abs(seconds) < 1<<33) || !r.take(',') || !r.take('"') {
		return r.bad()
	}
	v, err := strconv.ParseFloat(string(r.until('"')), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || !r.take('"') || !r.take(']') {
		return r.bad()
	}
	r.scratch = append(r.scratch, Point{int64(math.Round(seconds*1e3)) * 1e6, v})
	return nil
}

func (r *reader) until(c byte) []byte {
	from := r.i
	for r.i < len(r.b) && r.b[r.i] != c {
		r.i++
	}
	return r.b[from:r.i]
}

func (r *reader) bad() error { return fmt.Errorf("%w: at byte %d", errAnswer, r.i) }

func (r *reader) space() {
	for r.i < len(r.b) && (r.b[r.i] == ' ' || r.b[r.i] == '\n' || r.b[r.i] == '\t' || r.b[r.i] == '\r') {
		r.i++
	}
}

func (r *reader) take(c byte) bool {
	r.space()
	if r.i < len(r.b) && r.b[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *reader) object(field func(key string) error) error {
	if !r.take('{') {
		return r.bad()
	}
	if r.take('}') {
		return nil
	}
	for {
		var key string
		if err := r.text(&key); err != nil {
			return err
		}
		if !r.take(':') {
			return r.bad()
		}
		r.space()
		if err := field(key); err != nil {
			return err
		}
		if r.take('}') {
			return nil
		}
		if !r.take(',') {
			return r.bad()
		}
	}
}

func (r *reader) array(item func() error) error {
	if !r.take('[') {
		return r.bad()
	}
	if r.take(']') {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if r.take(']') {
			return nil
		}
		if !r.take(',') {
			return r.bad()
		}
	}
}

func (r *reader) text(s *string) error {
	r.space()
	from := r.i
	if err := r.skipText(); err != nil {
		return err
	}
	if err := json.Unmarshal(r.b[from:r.i], s); err != nil {
		return fmt.Errorf("%w: %w", errAnswer, err)
	}
	return nil
}

func (r *reader) skipText() error {
	if !r.take('"') {
		return r.bad()
	}
	for ; r.i < len(r.b); r.i++ {
		switch r.b[r.i] {
		case '\\':
			r.i++
		case '"':
			r.i++
			return nil
		}
	}
	r.i = len(r.b)
	return r.bad()
}

// skip passes over one value, by the balance of its brackets.
func (r *reader) skip() error {
	r.space()
	depth := 0
	for r.i < len(r.b) {
		switch c := r.b[r.i]; {
		case c == '"':
			if err := r.skipText(); err != nil {
				return err
			}
			if depth == 0 {
				return nil
			}
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']' || c == ',':
			if depth == 0 {
				return nil
			}
			if c != ',' {
				depth--
				if depth == 0 {
					r.i++
					return nil
				}
			}
		case depth == 0 && bytes.IndexByte([]byte(" \n\t\r"), c) >= 0:
			return nil
		}
		r.i++
	}
	return r.bad()
}
