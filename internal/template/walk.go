package template

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"text/template/parse"
)

// How a body of range ends early.
var (
	errBreak    = errors.New("break outside of range")
	errContinue = errors.New("continue outside of range")
)

func (s *state) walk(tree *parse.Tree, dot reflect.Value, node parse.Node) error {
	var err error
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			if err := s.walk(tree, dot, child); err != nil {
				return err
			}
		}
	case *parse.TextNode:
		s.out.Write(n.Text)
	case *parse.ActionNode:
		var value reflect.Value
		if value, err = s.pipeline(tree, dot, n.Pipe); err == nil && len(n.Pipe.Decl) == 0 {
			err = s.print(value)
		}
	case *parse.IfNode:
		err = s.branch(tree, dot, &n.BranchNode, false)
	case *parse.WithNode:
		err = s.branch(tree, dot, &n.BranchNode, true)
	case *parse.RangeNode:
		err = s.loop(tree, dot, n)
	case *parse.TemplateNode:
		err = s.call(tree, dot, n)
	case *parse.BreakNode:
		return errBreak
	case *parse.ContinueNode:
		return errContinue
	case *parse.CommentNode:
	default:
		err = fmt.Errorf("%s is not known", node)
	}
	if err != nil {
		return fault(tree, node, err)
	}
	return nil
}

// branch is if, and with where inner.
func (s *state) branch(tree *parse.Tree, dot reflect.Value, n *parse.BranchNode, inner bool) error {
	defer s.pop(len(s.variables))
	value, err := s.pipeline(tree, dot, n.Pipe)
	if err != nil {
		return err
	}
	switch {
	case truth(value):
		if inner {
			dot = value
		}
		return s.walk(tree, dot, n.List)
	case n.ElseList != nil:
		return s.walk(tree, dot, n.ElseList)
	}
	return nil
}

// loop is range over a slice, an array, a map in the order of its keys, or up to a number.
func (s *state) loop(tree *parse.Tree, dot reflect.Value, n *parse.RangeNode) error {
	defer s.pop(len(s.variables))
	value, err := s.pipeline(tree, dot, n.Pipe)
	if err != nil {
		return err
	}
	mark := len(s.variables)
	turns := 0
	turn := func(key, element reflect.Value) error {
		turns++
		defer s.pop(mark)
		values := []reflect.Value{key, element}
		for i, decl := range n.Pipe.Decl { // one is the element, of two the first is the key
			if v := s.variable(decl.Ident[0]); v != nil {
				v.value = values[len(values)-len(n.Pipe.Decl)+i]
			}
		}
		if err := s.walk(tree, element, n.List); !errors.Is(err, errContinue) {
			return err
		}
		return nil
	}
	err = each(indirect(value), turn)
	if errors.Is(err, errBreak) {
		err = nil
	}
	if err == nil && turns == 0 && n.ElseList != nil {
		return s.walk(tree, dot, n.ElseList)
	}
	return err
}

func each(value reflect.Value, turn func(key, element reflect.Value) error) error {
	switch kind(value) {
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			if err := turn(reflect.ValueOf(i), value.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		if value.Type().Key().Kind() != reflect.String {
			return fmt.Errorf("range can't go over %s: its keys are no strings", value.Type())
		}
		keys := value.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		for _, key := range keys {
			if err := turn(key, value.MapIndex(key)); err != nil {
				return err
			}
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		for i := range value.Int() {
			v := reflect.ValueOf(i).Convert(value.Type())
			if err := turn(v, v); err != nil {
				return err
			}
		}
	case reflect.Invalid: // nothing is in nothing
	default:
		return fmt.Errorf("range can't go over a value of type %s", value.Type())
	}
	return nil
}

// call is {{template "name" value}}.
func (s *state) call(tree *parse.Tree, dot reflect.Value, n *parse.TemplateNode) error {
	inner := s.trees[n.Name]
	if inner == nil || inner.Root == nil {
		return fmt.Errorf("there is no template %q", n.Name)
	}
	if s.depth == maxDepth {
		return fmt.Errorf("template %q calls itself without end", n.Name)
	}
	value, err := s.pipeline(tree, dot, n.Pipe)
	if err != nil {
		return err
	}
	outer := s.variables
	s.variables = []variable{{"$", value}}
	s.depth++
	err = s.walk(inner, value, inner.Root)
	s.variables, s.depth = outer, s.depth-1
	return err
}

func (s *state) pop(mark int) { s.variables = s.variables[:mark] }

// variable is the innermost one of that name, or nil.
func (s *state) variable(name string) *variable {
	for i := range slices.Backward(s.variables) {
		if s.variables[i].name == name {
			return &s.variables[i]
		}
	}
	return nil
}

func (s *state) print(value reflect.Value) error {
	value = printable(value)
	switch kind(value) {
	case reflect.Invalid:
		s.out.WriteString(s.escape("<no value>"))
		return nil
	case reflect.Func, reflect.Chan:
		return fmt.Errorf("a value of type %s can't be written", value.Type())
	}
	text := fmt.Sprint(value.Interface())
	if value.Type() == htmlType {
		s.out.WriteString(text)
		return nil
	}
	s.out.WriteString(s.escape(text))
	return nil
}

// printable is what a pointer points to, unless the pointer knows how it is written.
func printable(value reflect.Value) reflect.Value {
	value = unwrap(value)
	for kind(value) == reflect.Pointer && !value.IsNil() && !value.Type().Implements(stringerType) && !value.Type().Implements(errorType) {
		value = value.Elem()
	}
	return value
}
