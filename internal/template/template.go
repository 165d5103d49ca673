// Package template fills in texts that are written in the syntax of Go's
// text/template, of which it shares the parser. It knows fields, keys of maps,
// variables, functions, pipelines, if, range, with, define and template, but
// calls no methods of what it is given: the standard library's way to find a
// method by its name makes the linker keep each method of each type in the whole
// program, which is a seventh of the agent's binary.
package template

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"reflect"
	"text/template/parse"
)

// Functions are what a template may call beside those that text/template has
// itself (all but call, js and html). A function takes any number of arguments
// and returns a value, or a value and an error, which ends the template.
type Functions map[string]any

// HTML is text that is HTML already: a template made by ParseHTML writes it as it is.
type HTML string

// Template is a text with gaps. It may be used by several goroutines at once.
type Template struct {
	trees     map[string]*parse.Tree
	name      string
	functions map[string]reflect.Value
	escape    func(string) string
}

// Parse reads a template. The error names the line, an unknown function too; it
// panics when functions holds something that is no such function.
func Parse(name, text string, functions Functions) (*Template, error) {
	t := &Template{name: name, functions: maps.Clone(builtins), escape: func(s string) string { return s }}
	known := make(map[string]any, len(builtins)+len(functions))
	for name := range builtins {
		known[name] = true
	}
	for name, f := range functions {
		v := reflect.ValueOf(f)
		if typ := v.Type(); typ.Kind() != reflect.Func || typ.NumOut() < 1 || typ.NumOut() > 2 || typ.NumOut() == 2 && typ.Out(1) != errorType {
			panic("template: " + name + " is no function that returns a value, or a value and an error")
		}
		t.functions[name], known[name] = v, true
	}
	var err error
	if t.trees, err = parse.Parse(name, text, "", "", known); err != nil {
		return nil, err
	}
	return t, nil
}

// ParseHTML reads the template of a page: every value that is written, of whatever
// type but HTML, is escaped so that it cannot become a tag or leave a quoted
// attribute. It does not know where a value stands: in a script, a style, an
// attribute without quotation marks or at the beginning of a URL is no place for one.
func ParseHTML(name, text string, functions Functions) (*Template, error) {
	t, err := Parse(name, text, functions)
	if err == nil {
		t.escape = html.EscapeString
	}
	return t, err
}

// Execute writes the text filled in with data, which is a struct (of which exported
// fields are seen), a map with strings as keys, or a pointer to one. A key that a map
// lacks is the zero value of its elements. Nothing is written when there is an
// error, which names the line and what stands there.
func (t *Template) Execute(w io.Writer, data any) error {
	s := &state{Template: t}
	tree := t.trees[t.name]
	if tree == nil || tree.Root == nil {
		return fmt.Errorf("template %s is empty", t.name)
	}
	dot := reflect.ValueOf(data)
	s.variables = []variable{{"$", dot}}
	if err := s.walk(tree, dot, tree.Root); err != nil {
		return err
	}
	_, err := w.Write(s.out.Bytes())
	return err
}

// maxDepth bounds templates that call themselves.
const maxDepth = 1000

type variable struct {
	name  string
	value reflect.Value
}

// state is one execution.
type state struct {
	*Template
	out       bytes.Buffer
	variables []variable
	depth     int
}

// fault is an error at a place of the template.
func fault(tree *parse.Tree, node parse.Node, err error) error {
	if _, ok := errors.AsType[*placed](err); ok || errors.Is(err, errBreak) || errors.Is(err, errContinue) {
		return err
	}
	location, context := tree.ErrorContext(node)
	return &placed{location: location, context: context, err: err}
}

// placed is an error with its place.
type placed struct {
	location, context string
	err               error
}

func (e *placed) Error() string {
	return fmt.Sprintf("template: %s: at <%s>: %v", e.location, e.context, e.err)
}

func (e *placed) Unwrap() error { return e.err }
