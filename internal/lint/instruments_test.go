package lint

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/signals"
)

// instrument matches the methods of a metric.Meter that make an instrument.
var instrument = regexp.MustCompile(`^(?:Int64|Float64)(?:Observable)?(Counter|UpDownCounter|Gauge|Histogram)$`)

// ownName is what an instrument of ours is called.
var ownName = regexp.MustCompile(`^tidewatch_[a-z0-9_]+$`)

// maker is a function that makes instruments and is given their name, or what follows a
// prefix; at tells which of its arguments is which, -1 for none.
type maker struct {
	name       string
	prefix     string
	metric     signals.Metric
	at         map[string]int // name, unit, help
	parameters []string
}

// instruments reads from the code which metrics a package has about itself: the calls of a
// meter, with names, units and descriptions as constants, as arguments of a function that is
// called with constants, or as fields of a list.
func instruments(t *testing.T, files []goFile) []signals.Metric {
	t.Helper()
	r := instrumentReader{t: t, constants: map[string]string{}, found: map[string]signals.Metric{}}
	for _, f := range files {
		r.readConstants(f.ast)
	}
	for _, f := range files {
		r.read(f)
	}
	var all []signals.Metric
	for _, m := range r.found {
		all = append(all, m)
	}
	return all
}

type instrumentReader struct {
	t         *testing.T
	constants map[string]string
	found     map[string]signals.Metric
}

func (r *instrumentReader) readConstants(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				if s, ok := r.text(spec.Values[i]); ok {
					r.constants[name.Name] = s
				}
			}
		}
		return true
	})
}

// text is the value of a constant expression.
func (r *instrumentReader) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		s, ok := r.constants[e.Name]
		return s, ok
	case *ast.BinaryExpr:
		left, ok := r.text(e.X)
		if !ok {
			return "", false
		}
		right, ok := r.text(e.Y)
		return left + right, ok
	}
	return "", false
}

func (r *instrumentReader) add(f goFile, m signals.Metric) {
	if ownName.MatchString(m.Name) {
		m.Source = f.dir
		r.found[m.Name] = m
	}
}

func (r *instrumentReader) read(f goFile) {
	functions(f.ast, func(name string, params []string, body *ast.BlockStmt) {
		ast.Inspect(body, func(n ast.Node) bool {
			if _, ok := n.(*ast.FuncLit); ok {
				return false // has its own turn
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			kind := instrument.FindStringSubmatch(s.Sel.Name)
			if kind == nil || len(call.Args) == 0 {
				return true
			}
			r.instrument(f, strings.ToLower(kind[1]), call, maker{name: name, parameters: params}, body)
			return true
		})
	})
}

// instrument reads one call of a meter.
func (r *instrumentReader) instrument(f goFile, kind string, call *ast.CallExpr, in maker, body *ast.BlockStmt) {
	if kind == "updowncounter" {
		kind = "gauge"
	}
	in.metric.Type, in.at = kind, map[string]int{"name": -1, "unit": -1, "help": -1}
	options := map[string]string{"WithUnit": "unit", "WithDescription": "help"}
	for _, a := range call.Args[1:] {
		option, ok := a.(*ast.CallExpr)
		if !ok || len(option.Args) != 1 {
			continue
		}
		s, ok := option.Fun.(*ast.SelectorExpr)
		if !ok || options[s.Sel.Name] == "" {
			continue
		}
		text, _ := r.text(option.Args[0])
		switch options[s.Sel.Name] {
		case "unit":
			in.metric.Unit = text
		case "help":
			in.metric.Help = text
		}
		in.at[options[s.Sel.Name]] = in.parameter(option.Args[0])
	}
	if name, ok := r.text(call.Args[0]); ok {
		in.metric.Name = name
		r.add(f, in.metric)
		return
	}
	rest := call.Args[0]
	if b, ok := rest.(*ast.BinaryExpr); ok {
		in.prefix, _ = r.text(b.X)
		rest = b.Y
	}
	if in.at["name"] = in.parameter(rest); in.at["name"] >= 0 {
		r.calls(f, in)
		return
	}
	// A list of names and descriptions, gone through by a loop.
	before := len(r.found)
	ast.Inspect(body, func(n ast.Node) bool {
		list, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		m := in.metric
		for _, e := range list.Elts {
			s, ok := r.text(e)
			switch {
			case ok && ownName.MatchString(s):
				m.Name = s
			case ok && m.Help == "":
				m.Help = s
			}
		}
		r.add(f, m)
		return true
	})
	require.Greater(r.t, len(r.found), before, "%s: cannot tell the name of this instrument: give it as a constant", f.set.Position(call.Pos()))
}

// calls finds who calls the function that makes instruments.
func (r *instrumentReader) calls(f goFile, in maker) {
	before := len(r.found)
	ast.Inspect(f.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != in.name {
			return true
		}
		argument := func(what string) (string, bool) {
			if i := in.at[what]; i >= 0 && i < len(call.Args) {
				return r.text(call.Args[i])
			}
			return "", false
		}
		m := in.metric
		name, ok := argument("name")
		if !ok {
			return true
		}
		m.Name = in.prefix + name
		if s, ok := argument("unit"); ok {
			m.Unit = s
		}
		if s, ok := argument("help"); ok {
			m.Help = s
		}
		r.add(f, m)
		return true
	})
	require.Greater(r.t, len(r.found), before, "%s: nobody calls %s with constants in this file", f.path, in.name)
}

// parameter is the place of an identifier among the parameters, -1 if it is none.
func (m maker) parameter(e ast.Expr) int {
	id, ok := e.(*ast.Ident)
	if !ok {
		return -1
	}
	for i, p := range m.parameters {
		if p == id.Name {
			return i
		}
	}
	return -1
}

// functions visits the functions of a file, and those that are given a name in one.
func functions(f *ast.File, visit func(name string, params []string, body *ast.BlockStmt)) {
	params := func(t *ast.FuncType) (names []string) {
		for _, p := range t.Params.List {
			for _, n := range p.Names {
				names = append(names, n.Name)
			}
		}
		return names
	}
	seen := map[*ast.FuncLit]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				visit(n.Name.Name, params(n.Type), n.Body)
			}
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				lit, ok := right.(*ast.FuncLit)
				if !ok || i >= len(n.Lhs) {
					continue
				}
				if id, ok := n.Lhs[i].(*ast.Ident); ok {
					seen[lit] = true
					visit(id.Name, params(lit.Type), lit.Body)
				}
			}
		case *ast.FuncLit:
			if !seen[n] {
				visit("", nil, n.Body)
			}
		}
		return true
	})
}
