package configkeys

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is one key of a configuration.
type Key struct {
	// Name of the key; <name> stands for any.
	Name string
	// Type in plain words: string, integer, number, bool, duration, secret, component,
	// list of ..., map of ..., section, any.
	Type string
	// Default is the value without the key; empty for none.
	Default string
	// Comment is what the field's author says of it.
	Comment string
	// Keys of a section, of what a list has as items, or of what a map has as values.
	Keys []Key
	// Off is set for a section that is off until it is named.
	Off bool
}

// maxDepth bounds how deep sections are followed.
const maxDepth = 8

// Of returns the keys of a configuration as its factory makes it, a pointer to a struct;
// others have none. Comments are known of components that this module is built of.
func Of(config any) []Key {
	v := reflect.ValueOf(config)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	return (&walker{}).fields(v.Type(), v)
}

// Find returns the keys of the section at the path, its parts given one by one; ok is
// false where there is no such section. A number is an item of a list.
func Find(keys []Key, path []string) (found []Key, ok bool) {
	for _, part := range path {
		if _, err := strconv.Atoi(part); err == nil {
			continue
		}
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == part || strings.HasPrefix(k.Name, "<") })
		if i < 0 {
			return nil, false
		}
		keys = keys[i].Keys
	}
	return keys, true
}

// Struct names a type whose fields are keys.
type Struct struct{ Package, Name string }

// Structs returns the types that a configuration is made of, for whoever reads their
// comments from the source.
func Structs(config any) []Struct {
	w := walker{seen: map[Struct]bool{}}
	v := reflect.ValueOf(config)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		w.fields(v.Type(), v)
	}
	var all []Struct
	for s := range w.seen {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Struct) int {
		return strings.Compare(a.Package+"."+a.Name, b.Package+"."+b.Name)
	})
	return all
}

type walker struct {
	stack []reflect.Type
	seen  map[Struct]bool
}

// fields are the keys of a struct type; v is its default, or invalid.
func (w *walker) fields(t reflect.Type, v reflect.Value) []Key {
	if len(w.stack) >= maxDepth || slices.Contains(w.stack, t) {
		return nil
	}
	w.stack = append(w.stack, t)
	defer func() { w.stack = w.stack[:len(w.stack)-1] }()
	if w.seen != nil {
		w.seen[Struct{t.PkgPath(), t.Name()}] = true
	}
	var keys []Key
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, tagged := strings.Cut(f.Tag.Get("mapstructure"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		var value reflect.Value
		if v.IsValid() {
			value = v.Field(i)
		}
		switch {
		case tagged && strings.Contains(options, "squash"):
			in, under, _ := unwrap(f.Type, value)
			if in.Kind() == reflect.Struct {
				keys = append(keys, w.fields(in, under)...)
			}
			continue
		case tagged && strings.Contains(options, "remain"):
			name = "<name>"
		case name == "":
			name = strings.ToLower(f.Name)
		}
		k := w.key(f.Type, value)
		k.Name = name
		k.Comment = comment(Struct{t.PkgPath(), t.Name()}, f.Name)
		keys = append(keys, k)
	}
	return keys
}

var (
	duration        = reflect.TypeFor[time.Duration]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// key describes a value of the type; its name is the caller's.
func (w *walker) key(t reflect.Type, v reflect.Value) Key {
	t, v, off := unwrap(t, v)
	var k Key
	switch name := t.PkgPath() + "." + t.Name(); {
	case t == duration:
		k.Type, k.Default = "duration", plainDefault(v)
	case name == "go.opentelemetry.io/collector/component.ID":
		k.Type = "component"
	case name == "go.opentelemetry.io/collector/config/configopaque.String":
		k.Type = "secret"
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		k.Type, k.Default = "string", textDefault(v)
	default:
		k.Off = off && t.Kind() == reflect.Struct
		w.compound(&k, t, v)
	}
	return k
}

func (w *walker) compound(k *Key, t reflect.Type, v reflect.Value) {
	switch t.Kind() {
	case reflect.Struct:
		k.Type, k.Keys = "section", w.fields(t, v)
		if k.Off && k.Keys != nil {
			k.Keys = append(k.Keys, Key{Name: "enabled", Type: "bool", Comment: "Whether the section is on; naming it turns it on."})
		}
	case reflect.Slice, reflect.Array:
		item := w.key(t.Elem(), reflect.Value{})
		k.Type, k.Keys, k.Default = "list of "+plural(item.Type), item.Keys, listDefault(v)
	case reflect.Map:
		item := w.key(t.Elem(), reflect.Value{})
		k.Type = "map of " + plural(item.Type)
		if item.Keys != nil {
			k.Keys = []Key{{Name: "<name>", Type: item.Type, Keys: item.Keys}}
		}
	case reflect.Interface:
		k.Type = "any"
	case reflect.Bool:
		k.Type, k.Default = "bool", plainDefault(v)
	case reflect.String:
		k.Type, k.Default = "string", plainDefault(v)
	case reflect.Float32, reflect.Float64:
		k.Type, k.Default = "number", plainDefault(v)
	default:
		k.Type, k.Default = "integer", plainDefault(v)
	}
}

// plural writes the type of what there are several of.
func plural(s string) string {
	if s == "any" || strings.Contains(s, " ") {
		return s
	}
	return s + "s"
}

// unwrap goes to what a pointer or an optional holds; off tells that an optional is not
// there without its key.
func unwrap(t reflect.Type, v reflect.Value) (to reflect.Type, value reflect.Value, off bool) {
	for {
		switch {
		case t.Kind() == reflect.Pointer:
			t = t.Elem()
			if v.IsValid() {
				off = off || v.IsNil() && t.Kind() == reflect.Struct
				v = v.Elem() // of nil it is the invalid value
			}
		case t.PkgPath() == "go.opentelemetry.io/collector/config/configoptional":
			const some = 2 // its flavors are none, default and some
			if v.IsValid() {
				flavor := v.FieldByName("flavor").Int()
				off = flavor != some
				v = v.FieldByName("value")
				if flavor == 0 {
					v = reflect.Value{}
				}
			}
			f, _ := t.FieldByName("value")
			t = f.Type
		default:
			return t, v, off
		}
	}
}

func plainDefault(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.String:
		return v.String()
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Type() == duration {
			return shortDuration(time.Duration(v.Int()))
		}
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	default:
		return ""
	}
}

// shortDuration writes 5m0s as 5m.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// textDefault asks a value that is written as text for its text.
func textDefault(v reflect.Value) string {
	if v.IsValid() && v.CanInterface() {
		if m, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok {
			if b, err := m.MarshalText(); err == nil {
				return string(b)
			}
		}
		if s, ok := reflect.TypeAssert[fmt.Stringer](v); ok {
			return s.String()
		}
	}
	return plainDefault(v)
}

func listDefault(v reflect.Value) string {
	if !v.IsValid() || v.Len() == 0 || plainDefault(v.Index(0)) == "" {
		return ""
	}
	items := make([]string, v.Len())
	for i := range items {
		items[i] = plainDefault(v.Index(i))
	}
	return "[" + strings.Join(items, ", ") + "]"
}
