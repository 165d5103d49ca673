package template_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	texttemplate "text/template"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/template"
)

type inner struct {
	Title string
	Start time.Time
	Tags  []string
}

type data struct {
	inner

	Name    string
	Count   int64
	Size    uint8
	Share   float64
	Nan     float64
	On      bool
	List    []string
	None    []string
	Numbers map[string]int
	Any     any
	Nil     any
	Rows    []row
	Next    *data
	Pointer *int
}

type row struct {
	Name string
	Up   bool
}

func sample() *data {
	n := 7
	return &data{
		inner: inner{Title: "a <b>", Start: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Tags: []string{"t"}},
		Name:  "x", Count: -3, Size: 9, Share: 0.5, Nan: math.NaN(), On: true, List: []string{"p", "q", "r"},
		Numbers: map[string]int{"b": 2, "a": 1}, Any: "any", Rows: []row{{"r1", true}, {"r2", false}}, Next: &data{Name: "next"}, Pointer: &n,
	}
}

var functions = map[string]any{
	"upper": strings.ToUpper,
	"half":  func(f float64) float64 { return f / 2 },
	"twice": func(n int64) int64 { return 2 * n },
	"join":  func(sep string, parts ...string) string { return strings.Join(parts, sep) },
	"fail":  func() (string, error) { return "", errors.New("as asked") },
}

var texts = []string{
	"", "plain", "{{.Name}}", "{{.Title}} {{.Tags}} {{.Start}}", "{{- .Name -}} \n x", "{{/* nothing */}}y",
	"{{if .On}}a{{else}}b{{end}}", "{{if .None}}a{{else if .Count}}b{{else}}c{{end}}", "{{with .Next}}{{.Name}}{{$.Name}}{{end}}", "{{with .None}}a{{else with .Name}}{{.}}{{end}}",
	"{{range .List}}{{.}},{{end}}", "{{range $i, $e := .List}}{{$i}}={{$e}};{{end}}", "{{range $e := .List}}{{$e}}{{end}}", "{{range .None}}a{{else}}none{{end}}",
	"{{range $k, $v := .Numbers}}{{$k}}{{$v}}{{end}}", "{{range 3}}{{.}}{{end}}", "{{range .List}}{{if eq . \"q\"}}{{continue}}{{end}}{{.}}{{end}}", "{{range .List}}{{.}}{{break}}{{end}}",
	"{{range .Rows}}{{$n := .Name}}{{range $.List}}{{$n}}{{.}}{{end}}{{end}}", "{{$x := 1}}{{if .On}}{{$x = 2}}{{end}}{{$x}}", "{{$x := 1}}{{if .On}}{{$x := 2}}{{end}}{{$x}}",
	"{{$x := \"\"}}{{range $x = .List}}{{$x}}{{end}}{{$x}}", "{{define \"inner\"}}<{{.}}>{{end}}{{template \"inner\" .Name}}{{template \"inner\"}}", "{{block \"b\" .List}}{{len .}}{{end}}",
	"{{template \"missing\"}}",
	"{{eq .Count -3}} {{eq .Name \"y\" \"x\"}} {{ne .Size 9}} {{lt .Share 0.6}} {{ge .Count 0}} {{gt .Nan 1.0}} {{le .Nan 1.0}} {{lt .Size .Count}} {{le 1 .Size}}",
	"{{eq .Name 1}}", "{{lt .On true}}", "{{eq .On true}}", "{{eq .List .List}}", "{{eq .Nil nil}}", "{{eq .Count}}", "{{lt 1 2.0}}", "{{eq (index .Rows 0) (index .Rows 1)}}",
	"{{and .On .Name}} {{or .None .Name}} {{and .None (fail)}} {{or .On (fail)}} {{not .On}} {{.On | and .Name}}", "{{and}}", "{{not}}",
	"{{len .List}} {{len .Name}} {{len .Count}}", "{{index .List 1}} {{index .Numbers \"a\"}} {{index .Numbers \"zz\"}} {{index .List 9}}", "{{index .List .Count}}", "{{index .Numbers 1}}", "{{index .Name 0}}",
	"{{slice .Name 0 1}} {{slice .List 1}} {{slice .List 2 1}}", "{{slice .Count}}", "{{print .Name 1 2}} {{printf \"%q %d\" .Name .Count}} {{println 1}}", "{{urlquery \"a b\" .Name}}", "{{.Name | printf \"%s-%s\" \"a\"}}",
	"{{upper .Name}} {{.Name | upper}} {{half 1}} {{half .Share}} {{twice 300}} {{join \",\" \"a\" .Name}} {{join \",\"}}", "{{upper 1}}", "{{upper .Count}}", "{{half .Count}}", "{{twice 1.5}}", "{{upper}}", "{{upper .Name .Name}}", "{{upper .Nil}}", "{{upper .Any}}", "{{fail}}",
	"{{.Missing}}", "{{.Next.Next.Name}}", "{{.Name.X}}", "{{.Numbers.a}} {{.Numbers.zz}}", "{{.Nil.X}}", "{{.Nil}}", "{{.Any}}", "{{.Pointer}}", "{{nil}}", "{{nil | print}}", "{{(index .Rows 1).Name}}", "{{.Rows}}", "{{.inner}}",
	"{{1}} {{-1.5}} {{0x10}} {{'a'}} {{true}} {{\"q\"}} {{`raw`}} {{1e3}} {{1i}} {{99999999999999999999}}", "{{.Name .Name}}", "{{1 | .Name}}", "{{range .Name}}{{end}}", "{{range .Share}}{{end}}", "{{range .Nil}}a{{else}}b{{end}}",
	"{{if", "{{end}}", "{{break}}", "{{nofunction}}", "{{$x}}", "{{.Name", "{{range $i, $e, $f := .List}}{{end}}", "{{$x := 1}}{{$y = 2}}", "{{urlquery $.Name}}", "{{if not (and .On .None)}}z{{end}}", "{{. | len}}", "{{ $x := .Name | upper }}{{ $x | printf \"%5s\" }}",
}

// same compares a template with the standard library's, which is the judge.
func same(t *testing.T, text string) {
	t.Helper()
	want, wantErr := texttemplate.New("t").Funcs(functions).Option("missingkey=zero").Parse(text)
	got, err := template.Parse("t", text, functions)
	if wantErr != nil || err != nil {
		require.Equal(t, wantErr == nil, err == nil, "%q: %v, %v", text, wantErr, err)
		return
	}
	var a, b bytes.Buffer
	in := sample()
	wantErr, err = want.Execute(&a, in), got.Execute(&b, in)
	if strings.Contains(a.String(), "i)") {
		return // there are no complex numbers
	}
	if wantErr != nil {
		require.Error(t, err, "%q: want %v", text, wantErr)
		require.Empty(t, b.String())
		return
	}
	require.NoError(t, err, "%q", text)
	require.Equal(t, a.String(), b.String(), "%q", text)
}

func TestAsTheStandardLibrary(t *testing.T) {
	for _, text := range texts {
		same(t, text)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	parsed, err := template.Parse("profile", "a\n{{ .Missing }}", nil)
	require.NoError(t, err)
	require.EqualError(t, parsed.Execute(&bytes.Buffer{}, sample()), "template: profile:2:3: at <.Missing>: can't evaluate field Missing in type *template_test.data")
	_, err = template.Parse("profile", "a\n{{ nofunction }}", nil)
	require.EqualError(t, err, `template: profile:2: function "nofunction" not defined`)
	parsed, err = template.Parse("profile", "{{.Start.Format \"15:04\"}}", nil)
	require.NoError(t, err)
	require.ErrorContains(t, parsed.Execute(&bytes.Buffer{}, sample()), "is no function and takes no arguments")
	parsed, err = template.Parse("profile", "{{f 300}}", template.Functions{"f": func(int8) string { return "" }})
	require.NoError(t, err)
	require.ErrorContains(t, parsed.Execute(&bytes.Buffer{}, nil), "argument 1 of f: 300 is no int8")
	parsed, err = template.Parse("profile", `{{define "inner"}}{{template "inner"}}{{end}}{{template "inner"}}`, nil)
	require.NoError(t, err)
	require.ErrorContains(t, parsed.Execute(&bytes.Buffer{}, nil), `template "inner" calls itself without end`)
	require.Panics(t, func() { _, _ = template.Parse("p", "", template.Functions{"f": 1}) })
}

func TestAPageCannotBeChangedByWhatIsInIt(t *testing.T) {
	const hostile = `"><script>alert('x')</script>&amp;`
	page, err := template.ParseHTML("page", `<p title="{{.}}">{{.}}</p>{{range $k, $v := .Map}}{{$k}}{{$v}}{{end}}`, nil)
	require.NoError(t, err)
	require.Error(t, page.Execute(&bytes.Buffer{}, hostile))

	page, err = template.ParseHTML("page", `<p title="{{.Text}}">{{.Text}}{{print .Text}}{{printf "%s" .HTML}}{{.Values}}</p>{{.HTML}}`, nil)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, page.Execute(&out, struct {
		Text   string
		Values []string
		HTML   template.HTML
	}{hostile, []string{hostile}, "<b>meant</b>"}))
	const escaped = `&#34;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;`
	require.Equal(t, `<p title="`+escaped+`">`+escaped+escaped+`&lt;b&gt;meant&lt;/b&gt;[`+escaped+`]</p><b>meant</b>`, out.String())
}

func FuzzAsTheStandardLibrary(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, other := range []string{"call", "js", "html", "range 9", "000"} { // functions that are not there, and loops that take an hour
			if strings.Contains(text, other) {
				return
			}
		}
		same(t, text)
	})
}
