package agent

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/dashboards"
)

// fakeGrafana keeps folders and dashboards as Grafana does: an id and a version for each
// dashboard, a new version with each change, and a refusal where a version is not the newest.
type fakeGrafana struct {
	*httptest.Server

	mu       sync.Mutex // guards all below
	folders  []map[string]string
	boards   map[string]map[string]any // by uid
	folderOf map[string]string
	saves    int
	asked    int
	// meanwhile is called before a dashboard is saved, as another person would save it.
	meanwhile func(uid string)
	// answer, where it is set, answers instead.
	answer func(w http.ResponseWriter, r *http.Request) bool
}

const grafanaToken = "glsa_secret"

func newFakeGrafana(t *testing.T) *fakeGrafana {
	t.Helper()
	g := &fakeGrafana{boards: map[string]map[string]any{}, folderOf: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /grafana/api/folders", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, g.folders) })
	mux.HandleFunc("POST /grafana/api/folders", func(w http.ResponseWriter, r *http.Request) {
		var f map[string]string
		if json.NewDecoder(r.Body).Decode(&f) != nil || f["title"] == "" {
			reply(w, 400, map[string]string{"message": "folder title cannot be empty"})
			return
		}
		f["uid"] = "folder-" + f["title"]
		g.folders = append(g.folders, f)
		reply(w, 200, f)
	})
	mux.HandleFunc("GET /grafana/api/dashboards/uid/{uid}", func(w http.ResponseWriter, r *http.Request) {
		uid := r.PathValue("uid")
		d, ok := g.boards[uid]
		if !ok {
			reply(w, 404, map[string]string{"message": "Dashboard not found"})
			return
		}
		reply(w, 200, map[string]any{"dashboard": d, "meta": map[string]any{"folderUid": g.folderOf[uid], "version": d["version"]}})
	})
	mux.HandleFunc("POST /grafana/api/dashboards/db", g.save)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.asked++
		switch {
		case g.answer != nil && g.answer(w, r):
		case r.Header.Get("Authorization") != "Bearer "+grafanaToken:
			reply(w, 401, map[string]string{"message": "Invalid API key"})
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // to a test
}

func (g *fakeGrafana) save(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Dashboard map[string]any
		FolderUID string
		Overwrite bool
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		reply(w, 400, map[string]string{"message": "bad request data"})
		return
	}
	uid, _ := in.Dashboard["uid"].(string)
	if g.meanwhile != nil {
		g.meanwhile(uid)
	}
	old, exists := g.boards[uid]
	version := 1.0
	if exists {
		version = old["version"].(float64)
		if in.Dashboard["version"] != version && !in.Overwrite {
			reply(w, 412, map[string]string{"status": "version-mismatch", "message": "The dashboard has been changed by someone else"})
			return
		}
		version++
	} else if in.Dashboard["id"] != nil {
		reply(w, 404, map[string]string{"message": "Dashboard not found"})
		return
	}
	for other, d := range g.boards {
		if other != uid && d["title"] == in.Dashboard["title"] && g.folderOf[other] == in.FolderUID {
			reply(w, 412, map[string]string{"status": "name-exists", "message": "A dashboard with the same name in the folder already exists"})
			return
		}
	}
	g.saves++
	in.Dashboard["id"], in.Dashboard["version"] = float64(g.saves), version
	if exists {
		in.Dashboard["id"] = old["id"]
	}
	g.boards[uid], g.folderOf[uid] = in.Dashboard, in.FolderUID
	reply(w, 200, map[string]any{"status": "success", "uid": uid, "version": version})
}

func (g *fakeGrafana) push(t *testing.T, more ...string) (string, error) {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(grafanaToken+"\n"), 0o600))
	return dashboardsCommand(append([]string{"push", "--url", g.URL + "/grafana/", "--token-file", token}, more...)...)
}

func dashboardsCommand(args ...string) (string, error) {
	cmd := newDashboardsCommand()
	var out bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SilenceUsage = true
	err := cmd.Execute()
	return out.String(), err
}

func TestPushIsIdempotent(t *testing.T) {
	g := newFakeGrafana(t)
	all := len(dashboards.All())
	out, err := g.push(t)
	require.NoError(t, err)
	require.Equal(t, all, strings.Count(out, "created"), out)
	require.Len(t, g.folders, 1)
	require.Equal(t, "folder-Tidewatch", g.folderOf["tidewatch-host"])

	out, err = g.push(t)
	require.NoError(t, err)
	require.Equal(t, all, strings.Count(out, "unchanged"), out)
	require.Len(t, g.folders, 1)
	require.Equal(t, all, g.saves, "nothing is saved again")

	// A panel that somebody changed, or another data source, is one new version.
	g.boards["tidewatch-host"]["refresh"] = "5m"
	out, err = g.push(t)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(out, "updated"), out)
	require.Equal(t, "30s", g.boards["tidewatch-host"]["refresh"])
	require.Equal(t, 2.0, g.boards["tidewatch-host"]["version"])
	require.Equal(t, g.URL+"/grafana/d/tidewatch-host", out[strings.Index(out, "http"):strings.Index(out, "\n")])

	// Another folder takes them along.
	out, err = g.push(t, "--folder", "Night shift")
	require.NoError(t, err)
	require.Equal(t, all, strings.Count(out, "updated"), out)
	require.Equal(t, "folder-Night shift", g.folderOf["tidewatch-host"])
	_, err = g.push(t, "--folder", "")
	require.NoError(t, err)
	require.Empty(t, g.folderOf["tidewatch-host"])
}

func TestPushConflicts(t *testing.T) {
	g := newFakeGrafana(t)
	_, err := g.push(t)
	require.NoError(t, err)
	g.boards["tidewatch-services"]["refresh"] = "1m"
	g.meanwhile = func(uid string) { g.boards[uid]["version"] = g.boards[uid]["version"].(float64) + 1 }
	_, err = g.push(t)
	require.ErrorContains(t, err, `push "Services": grafana answers 412: The dashboard has been changed by someone else; somebody saved it at the same moment`)
	require.Equal(t, "1m", g.boards["tidewatch-services"]["refresh"], "what somebody saved is kept")

	g = newFakeGrafana(t)
	g.boards["mine"] = map[string]any{"title": "Host", "version": 1.0}
	g.folderOf["mine"] = "folder-Tidewatch"
	_, err = g.push(t)
	require.ErrorContains(t, err, `another dashboard in the folder has this title`)
}

func TestPushErrors(t *testing.T) {
	for _, c := range []struct {
		name, want string
		answer     func(w http.ResponseWriter, r *http.Request) bool
	}{
		{"401", "grafana answers 401: Invalid API key; the token is wrong or has expired", func(w http.ResponseWriter, _ *http.Request) bool {
			reply(w, 401, map[string]string{"message": "Invalid API key"})
			return true
		}},
		{"403", "the token may not do that", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				reply(w, 403, map[string]string{"message": "You'll need additional permissions"})
			}
			return r.Method == http.MethodPost
		}},
		{"412", "may not be replaced (plugin-dashboard)", func(w http.ResponseWriter, r *http.Request) bool {
			own := strings.HasSuffix(r.URL.Path, "/db")
			if own {
				reply(w, 412, map[string]string{"status": "plugin-dashboard", "message": "The dashboard belongs to plugin X"})
			}
			return own
		}},
		{"provisioned", "change that file", func(w http.ResponseWriter, r *http.Request) bool {
			own := strings.HasSuffix(r.URL.Path, "/db")
			if own {
				reply(w, 400, map[string]string{"message": "Cannot save provisioned dashboard"})
			}
			return own
		}},
		{"not Grafana", "is --url the address of Grafana", func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, "<html>Welcome</html>")
			return true
		}},
		{"404", "is --url the address of Grafana", func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "no such page", http.StatusNotFound)
			return true
		}},
		{"login", "a redirect, which is not followed", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/login", http.StatusFound)
			return true
		}},
		{"500", "grafana answers 500: Internal Server Error", func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(500)
			return true
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newFakeGrafana(t)
			g.answer = c.answer
			_, err := g.push(t)
			require.ErrorContains(t, err, c.want)
			require.LessOrEqual(t, g.asked, 4, "nothing is tried twice")
			require.NotContains(t, err.Error(), grafanaToken)
		})
	}
	g := newFakeGrafana(t)
	g.Close()
	_, err := g.push(t)
	require.ErrorContains(t, err, "grafana does not answer")
}

func TestPushWantsAnAddressAndAToken(t *testing.T) {
	_, err := dashboardsCommand("push", "--url", "grafana.example", "--token-file", "/x")
	require.ErrorContains(t, err, "--url must be like https://grafana.example")
	_, err = dashboardsCommand("push", "--url", "https://grafana.example", "--token-file", filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "read --token-file")
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	_, err = dashboardsCommand("push", "--url", "https://grafana.example", "--token-file", empty)
	require.ErrorContains(t, err, "is empty")
	_, err = dashboardsCommand("push")
	require.ErrorContains(t, err, `required flag(s) "token-file", "url" not set`)
}

func TestRenderThenLint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	out, err := dashboardsCommand("render", "--out", dir, "--datasource", "prometheus=mimir")
	require.NoError(t, err)
	require.Equal(t, len(dashboards.All()), strings.Count(out, "\n"))
	host, err := os.ReadFile(filepath.Join(dir, "host.json"))
	require.NoError(t, err)
	require.Contains(t, string(host), `"value": "mimir"`)
	out, err = dashboardsCommand("lint", dir)
	require.NoError(t, err, out)
	require.Contains(t, out, "dashboards are good.")
	_, err = dashboardsCommand("lint")
	require.NoError(t, err)
	_, err = dashboardsCommand("render", "--out", dir, "--datasource", "mimir")
	require.ErrorContains(t, err, "--datasource must be NAME=UID")
	_, err = dashboardsCommand("render", "--out", dir, "--datasource", "influx=x")
	require.ErrorContains(t, err, `no dashboard has a data source "influx"`)
}

func TestLintOfSomebodysFiles(t *testing.T) {
	dir := t.TempDir()
	mine := strings.Replace(string(dashboards.All()[0].JSON()), "system_cpu_load_average_5m", "shop_load", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.json"), []byte(mine), 0o600))
	out, err := dashboardsCommand("lint", dir)
	require.NoError(t, err)
	require.Contains(t, out, `mine.json: panel 6 "Load per processor": hint: the agent emits no shop_load`)
	_, err = dashboardsCommand("lint", "--strict", dir)
	require.ErrorContains(t, err, "problems in dashboards: 1")
	metrics := filepath.Join(dir, "metrics.txt")
	require.NoError(t, os.WriteFile(metrics, []byte("shop_load *\n"), 0o600))
	out, err = dashboardsCommand("lint", "--strict", "--metrics", metrics, filepath.Join(dir, "mine.json"))
	require.NoError(t, err, out)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.json"), []byte("{"), 0o600))
	out, err = dashboardsCommand("lint", dir)
	require.ErrorContains(t, err, "problems in dashboards: 1")
	require.Contains(t, out, "broken.json: this is no dashboard: line 1, column 1")
	_, err = dashboardsCommand("lint", t.TempDir())
	require.ErrorContains(t, err, "there are no .json files")
	_, err = dashboardsCommand("lint", filepath.Join(dir, "none.json"))
	require.ErrorContains(t, err, "read dashboard")
}
