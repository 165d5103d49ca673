package consoleextension

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/localstore"
)

// generatedBelow parts what people write of the document from what is written of types.
const generatedBelow = "    # What follows is written of the types in Go: go test ./extensions/consoleextension -run OpenAPI -update\n"

// document is the parsed document.
func document(t *testing.T) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(openapi, &doc))
	return doc
}

func TestOpenAPIHasTheTypes(t *testing.T) {
	s := newSchemas(t)
	for _, v := range []any{
		overview{},
		change{},
		findingAnswer{},
		seriesAnswer{},
		localstore.Points{},
		outlookAnswer{},
		patternAnswer{},
		patternParam{},
		localstore.LogView{},
		localstore.LogTail{},
		localstore.LogContext{},
		localstore.LogVolume{},
		localstore.TraceView{},
		localstore.Span{},
		explanation{},
		serviceAnswer{},
		localstore.EdgeView{},
		pipelineView{},
		ruleList{},
		ruleDetail{},
		sessionAnswer{},
		action{},
		incident.Incident{},
		incident.Stats{},
		incident.Suppression{},
		incident.Entry{},
	} {
		s.add(v)
	}
	by, _, ok := bytes.Cut(openapi, []byte(generatedBelow))
	require.True(t, ok)
	want := string(by) + generatedBelow + s.String()
	if *update {
		require.NoError(t, os.WriteFile("openapi.yaml", []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(openapi), "run go test ./extensions/consoleextension -run OpenAPI -update")
}

// noted are the routes that an API registers.
type noted map[string]bool

func (n noted) HandleFunc(pattern string, _ func(http.ResponseWriter, *http.Request)) {
	n[pattern] = true
}

func TestOpenAPIHasEveryRoute(t *testing.T) {
	routes := noted{"GET " + sessionPath: true, "GET " + openapiPath: true}
	(&api{}).register(routes)
	delete(routes, "/api/") // says that there is nothing
	described, doc := noted{}, document(t)
	for path, methods := range doc["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			described[strings.ToUpper(method)+" "+path] = true
			o := operation.(map[string]any)
			require.NotEmpty(t, o["summary"], path)
			var named []string
			parameters, _ := o["parameters"].([]any)
			for _, p := range parameters {
				p := p.(map[string]any)
				if ref, ok := p["$ref"].(string); ok {
					p = resolve(doc, ref)
				}
				if p["in"] == "path" {
					named = append(named, "{"+p["name"].(string)+"}")
				}
			}
			for part := range strings.SplitSeq(path, "/") {
				if strings.HasPrefix(part, "{") {
					require.Contains(t, named, part, path)
				}
			}
		}
	}
	require.Equal(t, routes, described)
}

// Every reference leads somewhere, and nothing is described that nobody refers to.
func TestOpenAPIHasNoLooseEnds(t *testing.T) {
	doc := document(t)
	text := string(openapi)
	for _, kind := range []string{"schemas", "parameters", "responses"} {
		for name := range resolve(doc, "#/components/"+kind) {
			require.Contains(t, text, fmt.Sprintf(`"#/components/%s/%s"`, kind, name))
		}
	}
	for i, part := range strings.Split(text, `$ref: "#/`) {
		if ref, _, _ := strings.Cut(part, `"`); i > 0 {
			require.NotPanics(t, func() { resolve(doc, "#/"+ref) }, ref)
		}
	}
	_, err := json.Marshal(doc) // all keys are texts
	require.NoError(t, err)
}

// answerSchema is what the document says of the answer to a request.
func answerSchema(t *testing.T, doc map[string]any, method, path string, status int) map[string]any {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	paths := doc["paths"].(map[string]any)
	var best string
	for p := range paths {
		if matchesPath(p, path) && (best == "" || strings.Count(p, "{") < strings.Count(best, "{")) {
			best = p
		}
	}
	require.NotEmpty(t, best, "no path is %s", path)
	r := paths[best].(map[string]any)[strings.ToLower(method)].(map[string]any)["responses"].(map[string]any)[fmt.Sprint(status)]
	require.NotNil(t, r, "%s has no answer %d", best, status)
	answer := r.(map[string]any)
	if ref, ok := answer["$ref"].(string); ok {
		answer = resolve(doc, ref)
	}
	return answer["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)
}

func matchesPath(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	return len(a) == len(b) && slices.EqualFunc(a, b, func(x, y string) bool { return x == y || strings.HasPrefix(x, "{") })
}

func requireConforms(t *testing.T, doc map[string]any, method, path string, status int, body []byte) {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(body, &v))
	require.Empty(t, conform(doc, answerSchema(t, doc, method, path, status), v, path))
}

func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	doc := document(t)
	h := goldenAPI()
	for _, path := range []string{
		"overview", "changes", "findings", "series", "series/points?ids=0000000000000001", "series/0000000000000001", "series/0000000000000001/outlook",
		"patterns", "patterns/5f1c9a20be77d104", "logs", "logs/tail", "logs/volume", "logs/1", "traces", "traces/ab", "services", "services?operations=1", "services/graph",
		"pipeline", "pipeline/config", "incidents", "rules", "rules/HostDown",
	} {
		w := ask(h, apiPath+path)
		require.Equal(t, http.StatusOK, w.Code, "%s %s", path, w.Body)
		requireConforms(t, doc, http.MethodGet, apiPath+path, w.Code, w.Body.Bytes())
	}
	for _, path := range []string{"series/0000000000000009", "traces/none", "suppressions"} {
		w := ask(h, apiPath+path)
		requireConforms(t, doc, http.MethodGet, apiPath+path, w.Code, w.Body.Bytes())
	}
	incidents, all := served(t)
	for _, path := range []string{"incidents", "incidents/" + all[0].ID, "suppressions", "session"} {
		w := ask(incidents, "http://127.0.0.1:4320"+apiPath+path)
		requireConforms(t, doc, http.MethodGet, apiPath+path, w.Code, w.Body.Bytes())
	}
	for _, act := range []string{"acknowledge", "cause", "noise"} {
		path := incidentPath + all[0].ID + "/" + act
		w := say(incidents, path, `{"by":"alice","text":"The pool is too small."}`)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		requireConforms(t, doc, http.MethodPost, path, w.Code, w.Body.Bytes())
	}
	w := ask(incidents, "http://127.0.0.1:4320"+openapiPath)
	require.Equal(t, "application/yaml", w.Header().Get("Content-Type"))
	require.Equal(t, openapi, w.Body.Bytes())
}

// The check finds what it is for.
func TestConform(t *testing.T) {
	doc := document(t)
	schema := resolve(doc, "#/components/schemas/LogView")
	for text, want := range map[string]string{
		`{"seq":1,"time":2,"severity":9,"body":"x"}`:                 "",
		`{"seq":1,"time":2,"severity":9}`:                            "$.body is missing",
		`{"seq":1,"time":2,"severity":9,"body":"x","colour":"blue"}`: "$.colour is not in the schema",
		`{"seq":1.5,"time":2,"severity":9,"body":"x"}`:               "$.seq: 1.5, not integer",
		`{"seq":1,"time":2,"severity":9,"body":null}`:                "$.body: <nil>, not string",
		`[]`: "$: [], not object",
	} {
		var v any
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		var found []string
		if want != "" {
			found = []string{want}
		}
		require.Equal(t, found, conform(doc, schema, v, "$"), text)
	}
}
