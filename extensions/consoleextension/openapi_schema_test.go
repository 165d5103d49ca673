package consoleextension

import (
	"encoding"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

// schemas writes JSON schemas of the types that the API answers with, named after them,
// with what their comments say.
type schemas struct {
	t     *testing.T
	names map[string]reflect.Type
	text  map[string]string
	docs  map[string]map[string]string // package -> Type or Type.Field -> comment
}

func newSchemas(t *testing.T) *schemas {
	return &schemas{t: t, names: map[string]reflect.Type{}, text: map[string]string{}, docs: map[string]map[string]string{}}
}

// add writes the schema of a type and of all that it holds, and returns a reference.
func (s *schemas) add(v any) string { return s.of(reflect.TypeOf(v)) }

var (
	timeType      = reflect.TypeFor[time.Time]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	numberType    = reflect.TypeFor[localstore.Number]()
	columnType    = reflect.TypeFor[localstore.Column]()
	marshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

func (s *schemas) of(t reflect.Type) string {
	switch {
	case t == timeType:
		return `{type: string, format: date-time}`
	case t == rawType:
		return `{}`
	case t == numberType:
		return `{type: [number, "null"]}`
	case t == columnType:
		return `{type: array, items: {type: [number, "null"]}}`
	case t.Implements(marshalerType):
		return `{type: string}`
	}
	switch t.Kind() { //nolint:exhaustive // the rest cannot be JSON
	case reflect.String:
		return `{type: string}`
	case reflect.Bool:
		return `{type: boolean}`
	case reflect.Float32, reflect.Float64:
		return `{type: number}`
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return `{type: integer}`
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Slice, reflect.Array:
		return `{type: array, items: ` + s.of(t.Elem()) + `}`
	case reflect.Map:
		return `{type: object, additionalProperties: ` + s.of(t.Elem()) + `}`
	case reflect.Interface:
		return `{}`
	case reflect.Struct:
		return s.object(t)
	}
	require.Failf(s.t, "no schema", "%v", t)
	return ""
}

// schemaName is Package_Type without what all names have; types of the API's own package
// have none of it.
func schemaName(t reflect.Type) string {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if pkg := filepath.Base(t.PkgPath()); pkg != "consoleextension" && pkg != "localstore" {
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return name
}

func (s *schemas) object(t reflect.Type) string {
	name := schemaName(t)
	ref := `{$ref: "#/components/schemas/` + name + `"}`
	if was, ok := s.names[name]; ok {
		require.Equal(s.t, was, t, "two types are called %s", name)
		return ref
	}
	s.names[name] = t
	var b strings.Builder
	fmt.Fprintf(&b, "    %s:\n", name)
	if doc := s.doc(t, ""); doc != "" {
		fmt.Fprintf(&b, "      description: %s\n", strconv.Quote(doc))
	}
	b.WriteString("      type: object\n")
	var required []string
	var fields strings.Builder
	s.fields(t, &fields, &required)
	if len(required) > 0 {
		fmt.Fprintf(&b, "      required: [%s]\n", strings.Join(required, ", "))
	}
	fmt.Fprintf(&b, "      properties:\n%s", fields.String())
	s.text[name] = b.String()
	return ref
}

func (s *schemas) fields(t reflect.Type, b *strings.Builder, required *[]string) {
	for f := range t.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && key == "" {
			s.fields(f.Type, b, required)
			continue
		}
		if key == "-" || !f.IsExported() {
			continue
		}
		if key == "" {
			key = f.Name
		}
		schema := s.of(f.Type)
		if strings.Contains(options, "string") {
			schema = `{type: string, pattern: "^-?[0-9]+$"}`
		}
		if doc := s.doc(t, f.Name); doc != "" {
			schema = `{description: ` + strconv.Quote(doc) + `, ` + schema[1:]
			schema = strings.Replace(schema, ", }", "}", 1)
		}
		fmt.Fprintf(b, "        %s: %s\n", key, schema)
		if !strings.Contains(options, "omit") {
			*required = append(*required, key)
		}
	}
}

// doc is the comment of a type, or of one of its fields.
func (s *schemas) doc(t reflect.Type, field string) string {
	pkg := t.PkgPath()
	if s.docs[pkg] == nil {
		s.docs[pkg] = comments(s.t, "../../"+strings.TrimPrefix(pkg, "github.com/tidewatch/tidewatch/"))
	}
	if field != "" {
		field = "." + field
	}
	return s.docs[pkg][t.Name()+field]
}

func comments(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	line := func(g *ast.CommentGroup) string { return strings.Join(strings.Fields(g.Text()), " ") }
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				ts := spec.(*ast.TypeSpec)
				out[ts.Name.Name] = line(g.Doc)
				st, ok := ts.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, field := range st.Fields.List {
					for _, n := range field.Names {
						out[ts.Name.Name+"."+n.Name] = line(field.Doc)
					}
				}
			}
		}
	}
	return out
}

// String is all schemas by name, as YAML under components: schemas:.
func (s *schemas) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.text)) {
		b.WriteString(s.text[name])
	}
	return b.String()
}

// conform says where a value is not what its schema says. Objects may have no property
// that the schema does not have.
func conform(doc, schema map[string]any, value any, at string) []string {
	if ref, ok := schema["$ref"].(string); ok {
		return conform(doc, resolve(doc, ref), value, at)
	}
	kinds := map[string]bool{}
	switch k := schema["type"].(type) {
	case nil:
		return nil
	case string:
		kinds[k] = true
	case []any:
		for _, s := range k {
			kinds[s.(string)] = true
		}
	}
	wrong := func(want string) []string { return []string{fmt.Sprintf("%s: %v, not %s", at, value, want)} }
	switch v := value.(type) {
	case nil:
		if !kinds["null"] {
			return wrong(fmt.Sprint(schema["type"]))
		}
	case bool:
		if !kinds["boolean"] {
			return wrong(fmt.Sprint(schema["type"]))
		}
	case float64:
		if !kinds["number"] && (!kinds["integer"] || v != float64(int64(v))) {
			return wrong(fmt.Sprint(schema["type"]))
		}
	case string:
		if !kinds["string"] {
			return wrong(fmt.Sprint(schema["type"]))
		}
		if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, any(v)) {
			return wrong(fmt.Sprint(enum))
		}
		if schema["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
				return wrong("a time")
			}
		}
	case []any:
		if !kinds["array"] {
			return wrong(fmt.Sprint(schema["type"]))
		}
		var out []string
		for i, e := range v {
			out = append(out, conform(doc, schema["items"].(map[string]any), e, at+"["+strconv.Itoa(i)+"]")...)
		}
		return out
	case map[string]any:
		if !kinds["object"] {
			return wrong(fmt.Sprint(schema["type"]))
		}
		return conformObject(doc, schema, v, at)
	}
	return nil
}

func conformObject(doc, schema, v map[string]any, at string) []string {
	var out []string
	if required, ok := schema["required"].([]any); ok {
		for _, key := range required {
			if _, ok := v[key.(string)]; !ok {
				out = append(out, fmt.Sprintf("%s.%s is missing", at, key))
			}
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	more := schema["additionalProperties"]
	for key, e := range v {
		switch p, ok := properties[key].(map[string]any); {
		case ok:
			out = append(out, conform(doc, p, e, at+"."+key)...)
		case more == nil || more == false:
			out = append(out, at+"."+key+" is not in the schema")
		default:
			if m, ok := more.(map[string]any); ok {
				out = append(out, conform(doc, m, e, at+"."+key)...)
			}
		}
	}
	return out
}

func resolve(doc map[string]any, ref string) map[string]any {
	at := any(doc)
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[part]
	}
	return at.(map[string]any)
}
