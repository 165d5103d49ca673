package template

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
)

var (
	errorType    = reflect.TypeFor[error]()
	stringerType = reflect.TypeFor[fmt.Stringer]()
	htmlType     = reflect.TypeFor[HTML]()
)

func kind(v reflect.Value) reflect.Kind {
	if !v.IsValid() {
		return reflect.Invalid
	}
	return v.Kind()
}

// unwrap takes a value out of an interface.
func unwrap(v reflect.Value) reflect.Value {
	if kind(v) == reflect.Interface {
		return v.Elem()
	}
	return v
}

// indirect follows interfaces and pointers; nil becomes no value.
func indirect(v reflect.Value) reflect.Value {
	for k := kind(v); k == reflect.Interface || k == reflect.Pointer; k = kind(v) {
		v = v.Elem()
	}
	return v
}

// truth is what if asks: not zero and not empty.
func truth(v reflect.Value) bool {
	switch v = unwrap(v); kind(v) {
	case reflect.Invalid:
		return false
	case reflect.Slice, reflect.Array, reflect.Map, reflect.String:
		return v.Len() > 0
	case reflect.Struct:
		return true
	default:
		return !v.IsZero()
	}
}

// pipeline evaluates commands, each with the value of the one before it as its last
// argument, and gives the variables that it declares their value.
func (s *state) pipeline(tree *parse.Tree, dot reflect.Value, pipe *parse.PipeNode) (value reflect.Value, err error) {
	if pipe == nil {
		return reflect.Value{}, nil
	}
	for i, command := range pipe.Cmds {
		if value, err = s.command(tree, dot, command, value, i > 0); err != nil {
			return reflect.Value{}, fault(tree, command, err)
		}
		value = unwrap(value)
	}
	for _, v := range pipe.Decl {
		if !pipe.IsAssign {
			s.variables = append(s.variables, variable{v.Ident[0], value})
		} else if known := s.variable(v.Ident[0]); known != nil {
			known.value = value
		} else {
			return value, fault(tree, v, fmt.Errorf("there is no variable %s", v.Ident[0]))
		}
	}
	return value, nil
}

func (s *state) command(tree *parse.Tree, dot reflect.Value, command *parse.CommandNode, last reflect.Value, piped bool) (reflect.Value, error) {
	if f, ok := command.Args[0].(*parse.IdentifierNode); ok {
		return s.function(tree, dot, f.Ident, command.Args[1:], last, piped)
	}
	if len(command.Args) > 1 || piped {
		return reflect.Value{}, fmt.Errorf("%s is no function and takes no arguments", command.Args[0])
	}
	if _, ok := command.Args[0].(*parse.NilNode); ok {
		return reflect.Value{}, errors.New("nil is no command")
	}
	return s.operand(tree, dot, command.Args[0])
}

// operand is the value of what may be an argument.
func (s *state) operand(tree *parse.Tree, dot reflect.Value, node parse.Node) (reflect.Value, error) {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.NilNode:
		return reflect.Value{}, nil
	case *parse.BoolNode:
		return reflect.ValueOf(n.True), nil
	case *parse.StringNode:
		return reflect.ValueOf(n.Text), nil
	case *parse.NumberNode:
		return number(n)
	case *parse.FieldNode:
		return fields(dot, n.Ident)
	case *parse.VariableNode:
		if v := s.variable(n.Ident[0]); v != nil {
			return fields(v.value, n.Ident[1:])
		}
		return reflect.Value{}, fmt.Errorf("there is no variable %s", n.Ident[0])
	case *parse.ChainNode:
		value, err := s.operand(tree, dot, n.Node)
		if err != nil {
			return value, err
		}
		return fields(value, n.Field)
	case *parse.PipeNode:
		return s.pipeline(tree, dot, n)
	case *parse.IdentifierNode:
		return s.function(tree, dot, n.Ident, nil, reflect.Value{}, false)
	}
	return reflect.Value{}, fmt.Errorf("%s is not known", node)
}

// number is an int unless it is written as a character or with a point or an exponent.
func number(n *parse.NumberNode) (reflect.Value, error) {
	switch {
	case strings.HasSuffix(n.Text, "i"): // a complex one
	case strings.HasPrefix(n.Text, "'"):
		return reflect.ValueOf(rune(n.Int64)), nil
	case n.IsFloat && strings.ContainsAny(n.Text, ".eEpP") && !strings.HasPrefix(strings.ToLower(strings.TrimLeft(n.Text, "+-")), "0x"):
		return reflect.ValueOf(n.Float64), nil
	case n.IsInt:
		if int64(int(n.Int64)) != n.Int64 {
			return reflect.Value{}, fmt.Errorf("%s is too large", n.Text)
		}
		return reflect.ValueOf(int(n.Int64)), nil
	case n.IsUint:
		return reflect.Value{}, fmt.Errorf("%s is too large", n.Text)
	}
	return reflect.Value{}, fmt.Errorf("%s is no number that is known here", n.Text)
}

// fields follows .A.B from a value.
func fields(value reflect.Value, names []string) (reflect.Value, error) {
	for _, name := range names {
		from := value
		value = indirect(value)
		switch kind(value) {
		case reflect.Struct:
			f, ok := value.Type().FieldByName(name)
			if !ok || !f.IsExported() {
				return value, fmt.Errorf("can't evaluate field %s in type %s", name, from.Type())
			}
			inner, err := value.FieldByIndexErr(f.Index)
			if err != nil {
				return value, err
			}
			value = inner
		case reflect.Map:
			if value.Type().Key().Kind() != reflect.String {
				return value, fmt.Errorf("can't evaluate field %s in type %s", name, from.Type())
			}
			element := value.MapIndex(reflect.ValueOf(name).Convert(value.Type().Key()))
			if !element.IsValid() {
				element = reflect.Zero(value.Type().Elem())
			}
			value = element
		case reflect.Invalid:
			return value, fmt.Errorf("can't evaluate field %s of nothing", name)
		default:
			return value, fmt.Errorf("can't evaluate field %s in type %s", name, from.Type())
		}
	}
	return value, nil
}

// function calls one that was given or that is built in.
func (s *state) function(tree *parse.Tree, dot reflect.Value, name string, nodes []parse.Node, last reflect.Value, piped bool) (reflect.Value, error) {
	f, ok := s.functions[name]
	if !ok {
		return f, fmt.Errorf("there is no function %q", name)
	}
	count := len(nodes)
	if piped {
		count++
	}
	typ := f.Type()
	if count < typ.NumIn() && !(typ.IsVariadic() && count == typ.NumIn()-1) || count > typ.NumIn() && !typ.IsVariadic() {
		return f, fmt.Errorf("%s has %d arguments and wants %d", name, count, typ.NumIn())
	}
	// and, or: what decides is the last that is looked at.
	if name == "and" || name == "or" {
		return s.decide(tree, dot, name == "and", nodes, last, piped)
	}
	args := make([]reflect.Value, count)
	for i := range args {
		value := last
		if i < len(nodes) {
			var err error
			if value, err = s.operand(tree, dot, nodes[i]); err != nil {
				return f, err
			}
		}
		want := typ.In(min(i, typ.NumIn()-1))
		if typ.IsVariadic() && i >= typ.NumIn()-1 {
			want = want.Elem()
		}
		var err error
		if args[i], err = argument(value, want, i < len(nodes) && nodes[i].Type() == parse.NodeNumber); err != nil {
			return f, fmt.Errorf("argument %d of %s: %w", i+1, name, err)
		}
	}
	out := f.Call(args)
	if len(out) == 2 && !out[1].IsNil() {
		return out[0], fmt.Errorf("%s: %w", name, out[1].Interface().(error))
	}
	return out[0], nil
}

func (s *state) decide(tree *parse.Tree, dot reflect.Value, and bool, nodes []parse.Node, last reflect.Value, piped bool) (value reflect.Value, err error) {
	for _, node := range nodes {
		if value, err = s.operand(tree, dot, node); err != nil || truth(value) != and {
			return value, err
		}
	}
	if piped {
		value = last
	}
	return value, nil
}

// argument makes of a value one that a function can take; a number that is written in
// the template becomes what is wanted.
func argument(value reflect.Value, want reflect.Type, constant bool) (reflect.Value, error) {
	if want.Kind() != reflect.Interface {
		value = unwrap(value)
	}
	switch {
	case !value.IsValid():
		switch want.Kind() {
		case reflect.Interface, reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
			return reflect.Zero(want), nil
		}
		return value, fmt.Errorf("there is no value, where %s is wanted", want)
	case value.Type().AssignableTo(want):
		return value, nil
	case constant && numeric(want):
		converted := value.Convert(want)
		if !converted.Convert(value.Type()).Equal(value) {
			return value, fmt.Errorf("%v is no %s", value, want)
		}
		return converted, nil
	case value.Kind() == reflect.Pointer && !value.IsNil() && value.Type().Elem().AssignableTo(want):
		return value.Elem(), nil
	}
	return value, fmt.Errorf("%s is wanted and %s is there", want, value.Type())
}

func numeric(t reflect.Type) bool { return t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 }
