package alerts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// positions is where each key of a file stands, by its path.
type positions map[string]yaml.Node

func (p positions) at(file, key string) Position {
	for {
		if n, ok := p[key]; ok {
			return Position{File: file, Line: n.Line, Column: n.Column}
		}
		dot := strings.LastIndexByte(key, '.')
		if dot < 0 {
			return Position{File: file, Line: 1, Column: 1}
		}
		key = key[:dot]
	}
}

// inside is where a byte of a value stands. The parser does not tell where the lines of a block begin; they are taken to be
// indented by two more than their key, and a folded block is pointed at as a whole.
func (p positions) inside(file, key, text string, offset int) Position {
	at := p.at(file, key)
	n := p[key]
	before := text[:min(max(offset, 0), len(text))]
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.LiteralStyle:
		parent := p.at(file, key[:max(strings.LastIndexByte(key, '.'), 0)])
		at.Line += 1 + strings.Count(before, "\n")
		at.Column = parent.Column + 2 + len(before) - 1 - strings.LastIndexByte(before, '\n')
	case yaml.FoldedStyle:
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		at.Column += len(before) + 1
	default:
		at.Column += len(before)
	}
	return at
}

// decode fills a struct from YAML and says where each key stood. Unlike the library's own way it knows the column of
// each mistake and goes on after it.
func decode(file string, text []byte, into any) (positions, error) {
	d := decoder{file: file, positions: positions{}}
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s:1:1: the file is empty", file)
	case err != nil:
		return nil, syntaxError(file, err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s:%d:1: one document is one file", file, max(more.Line, 1))
	}
	d.value(doc.Content[0], "", reflect.ValueOf(into).Elem())
	return d.positions, errors.Join(d.problems...)
}

// syntaxError turns "yaml: line 3: ..." into file:3:1: ...; the library does not tell the column.
func syntaxError(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := "1"
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			line, text = number, what
		}
	}
	return fmt.Errorf("%s:%s:1: %s", file, line, text)
}

type decoder struct {
	file      string
	positions positions
	problems  []error
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, fmt.Errorf("%s:%d:%d: %w", d.file, n.Line, n.Column, fmt.Errorf(format, args...)))
}

func (d *decoder) value(n *yaml.Node, key string, v reflect.Value) {
	d.positions[key] = yaml.Node{Line: n.Line, Column: n.Column, Style: n.Style}
	if n.Kind == yaml.AliasNode {
		d.fail(n, "%s: anchors and aliases are not used here: write the value", name(key))
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	switch v.Interface().(type) {
	case Duration:
		if got, err := ParseDuration(n.Value); d.scalar(n, key) {
			if err != nil {
				d.fail(n, "%s: %w", name(key), err)
			}
			v.SetInt(int64(got))
		}
		return
	case Date:
		if got, err := time.Parse(time.DateOnly, n.Value); d.scalar(n, key) {
			if err != nil {
				d.fail(n, "%s is %q: write a day as 2027-05-01", name(key), n.Value)
			}
			v.Set(reflect.ValueOf(Date{got}))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.object(n, key, v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, key, v.Elem())
	case reflect.Map:
		d.table(n, key, v)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.fail(n, "%s must be a list", name(key))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, item := range n.Content {
			d.value(item, join(key, strconv.Itoa(i)), v.Index(i))
		}
	case reflect.String:
		if d.scalar(n, key) {
			v.SetString(n.Value)
		}
	case reflect.Bool:
		if b, err := strconv.ParseBool(n.Value); d.scalar(n, key) {
			if err != nil || n.Tag != "!!bool" {
				d.fail(n, "%s is %q: write true or false", name(key), n.Value)
			}
			v.SetBool(b)
		}
	case reflect.Float64:
		if f, err := strconv.ParseFloat(n.Value, 64); d.scalar(n, key) {
			if err != nil {
				d.fail(n, "%s is %q: write a number", name(key), n.Value)
			}
			v.SetFloat(f)
		}
	}
}

func (d *decoder) scalar(n *yaml.Node, key string) bool {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, "%s must be a single value", name(key))
		return false
	}
	return true
}

func (d *decoder) object(n *yaml.Node, key string, v reflect.Value) {
	fields := map[string]int{}
	var names []string
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("yaml"); tag != "" && tag != "-" {
			fields[tag] = i
			names = append(names, tag)
		}
	}
	d.entries(n, key, func(k, value *yaml.Node) {
		i, ok := fields[k.Value]
		if !ok {
			d.fail(k, "unknown key %q: %s has %s", k.Value, name(key), strings.Join(names, ", "))
			return
		}
		d.value(value, join(key, k.Value), v.Field(i))
	})
}

func (d *decoder) table(n *yaml.Node, key string, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	d.entries(n, key, func(k, value *yaml.Node) {
		entry := reflect.New(v.Type().Elem()).Elem()
		d.value(value, join(key, k.Value), entry)
		v.SetMapIndex(reflect.ValueOf(k.Value), entry)
	})
}

func (d *decoder) entries(n *yaml.Node, key string, visit func(k, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s must be a mapping of keys to values", name(key))
		return
	}
	var seen []string
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		if slices.Contains(seen, k.Value) {
			d.fail(k, "key %q is there twice", k.Value)
			continue
		}
		seen = append(seen, k.Value)
		visit(k, n.Content[i+1])
	}
}

func name(key string) string {
	if key == "" {
		return "the file"
	}
	return key
}

func join(key, next string) string {
	if key == "" {
		return next
	}
	return key + "." + next
}
