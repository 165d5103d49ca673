package template

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
)

// builtins are the functions of text/template, with the same meaning.
var builtins = map[string]reflect.Value{
	"and":      reflect.ValueOf(func(reflect.Value, ...reflect.Value) any { return nil }), // see state.decide
	"or":       reflect.ValueOf(func(reflect.Value, ...reflect.Value) any { return nil }),
	"not":      reflect.ValueOf(func(v any) bool { return !truth(reflect.ValueOf(v)) }),
	"eq":       reflect.ValueOf(eq),
	"ne":       reflect.ValueOf(func(a, b any) (bool, error) { equal, err := eq(a, b); return !equal, err }),
	"lt":       reflect.ValueOf(func(a, b any) (bool, error) { less, _, err := compare(a, b); return less, err }),
	"le":       reflect.ValueOf(func(a, b any) (bool, error) { less, equal, err := compare(a, b); return less || equal, err }),
	"gt":       reflect.ValueOf(func(a, b any) (bool, error) { less, equal, err := compare(a, b); return !less && !equal, err }),
	"ge":       reflect.ValueOf(func(a, b any) (bool, error) { less, _, err := compare(a, b); return !less, err }),
	"len":      reflect.ValueOf(length),
	"index":    reflect.ValueOf(index),
	"slice":    reflect.ValueOf(cut),
	"print":    reflect.ValueOf(fmt.Sprint),
	"printf":   reflect.ValueOf(fmt.Sprintf),
	"println":  reflect.ValueOf(fmt.Sprintln),
	"urlquery": reflect.ValueOf(urlquery),
}

func urlquery(values ...any) string {
	for i, v := range values {
		if p := printable(reflect.ValueOf(v)); p.IsValid() {
			values[i] = p.Interface()
		}
	}
	return url.QueryEscape(fmt.Sprint(values...))
}

// eq says whether a is one of the others.
func eq(a any, others ...any) (bool, error) {
	if len(others) == 0 {
		return false, errors.New("there is nothing to compare with")
	}
	for _, b := range others {
		if equal, err := same(a, b); err != nil || equal {
			return equal, err
		}
	}
	return false, nil
}

func same(a, b any) (bool, error) {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch {
	case !x.IsValid() || !y.IsValid():
		return x.IsValid() == y.IsValid(), nil
	case x.Kind() == reflect.Bool && y.Kind() == reflect.Bool:
		return x.Bool() == y.Bool(), nil
	case basic(x) || basic(y):
		_, equal, err := compare(a, b)
		return equal, err
	case !x.Comparable() || !y.Comparable():
		return false, fmt.Errorf("%T and %T can't be compared", a, b)
	}
	return x.Type() == y.Type() && x.Equal(y), nil
}

func basic(v reflect.Value) bool {
	return v.Kind() == reflect.Bool || numeric(v.Type()) || v.Kind() == reflect.String
}

// compare is for what has an order. NaN is neither less than anything nor equal, so that
// gt and ge are true of it, as they are in text/template.
func compare(a, b any) (less, equal bool, err error) {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch {
	case !x.IsValid() || !y.IsValid():
	case x.CanInt() && y.CanInt():
		return x.Int() < y.Int(), x.Int() == y.Int(), nil
	case x.CanUint() && y.CanUint():
		return x.Uint() < y.Uint(), x.Uint() == y.Uint(), nil
	case x.CanInt() && y.CanUint():
		negative, i := x.Int() < 0, uint64(x.Int())
		return negative || i < y.Uint(), !negative && i == y.Uint(), nil
	case x.CanUint() && y.CanInt():
		negative, i := y.Int() < 0, uint64(y.Int())
		return !negative && x.Uint() < i, !negative && x.Uint() == i, nil
	case x.CanFloat() && y.CanFloat():
		return x.Float() < y.Float(), x.Float() == y.Float(), nil
	case x.Kind() == reflect.String && y.Kind() == reflect.String:
		return x.String() < y.String(), x.String() == y.String(), nil
	}
	return false, false, fmt.Errorf("%T and %T can't be compared", a, b)
}

func length(v any) (int, error) {
	switch r := indirect(reflect.ValueOf(v)); kind(r) {
	case reflect.String, reflect.Slice, reflect.Array, reflect.Map:
		return r.Len(), nil
	}
	return 0, fmt.Errorf("%T has no length", v)
}

// index is v[i][j].
func index(v any, indices ...any) (any, error) {
	item := indirect(reflect.ValueOf(v))
	for _, i := range indices {
		switch kind(item) {
		case reflect.Slice, reflect.Array, reflect.String:
			n, err := position(i, item.Len()-1)
			if err != nil {
				return nil, err
			}
			item = indirect(item.Index(n))
		case reflect.Map:
			key, err := argument(reflect.ValueOf(i), item.Type().Key(), false)
			if err != nil {
				return nil, err
			}
			element := item.MapIndex(key)
			if !element.IsValid() {
				element = reflect.Zero(item.Type().Elem())
			}
			item = unwrap(element)
		default:
			return nil, fmt.Errorf("%T can't be indexed", v)
		}
	}
	if !item.IsValid() {
		return nil, nil //nolint:nilnil // a nil that is in the data
	}
	return item.Interface(), nil
}

// cut is v[i:j].
func cut(v any, bounds ...any) (any, error) {
	item := indirect(reflect.ValueOf(v))
	if k := kind(item); k != reflect.String && k != reflect.Slice || len(bounds) > 2 {
		return nil, fmt.Errorf("%T can't be sliced by %d bounds", v, len(bounds))
	}
	at := [2]int{0, item.Len()}
	for i, b := range bounds {
		var err error
		if at[i], err = position(b, item.Len()); err != nil {
			return nil, err
		}
	}
	if at[0] > at[1] {
		return nil, fmt.Errorf("%d is after %d", at[0], at[1])
	}
	return item.Slice(at[0], at[1]).Interface(), nil
}

func position(i any, most int) (int, error) {
	v := reflect.ValueOf(i)
	switch {
	case v.IsValid() && v.CanInt() && v.Int() >= 0 && v.Int() <= int64(most):
		return int(v.Int()), nil
	case v.IsValid() && v.CanUint() && v.Uint() <= uint64(max(most, 0)) && most >= 0:
		return int(v.Uint()), nil
	case v.IsValid() && (v.CanInt() || v.CanUint()):
		return 0, fmt.Errorf("%v is out of range", i)
	}
	return 0, fmt.Errorf("%T is no index", i)
}
