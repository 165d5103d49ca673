package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/dashboards"
)

// grafana is the HTTP API of a Grafana. Nothing is tried twice: a person is there to read what it says.
type grafana struct {
	url, token string
	client     *http.Client
}

func newDashboardsPushCommand() *cobra.Command {
	var tokenFile, folder string
	var sources []string
	g := grafana{client: &http.Client{
		Timeout: 30 * time.Second,
		// A redirect leads to a login page, or takes the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	cmd := &cobra.Command{
		Use:   "push --url URL --token-file FILE",
		Short: "Bring the dashboards into a Grafana, by its HTTP API",
		Long: `Creates the folder and the dashboards, or brings them up to date; what is there already is
left alone, so it may be run again. Grafana keeps earlier versions: changes that were made
there can be found in the history of a dashboard. The token is one of a service account with the
role Editor.`,
		Example: `  tidewatch dashboards push --url https://grafana.example --token-file /etc/tidewatch/grafana.token`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			boards, err := chosenDashboards(sources)
			if err != nil {
				return err
			}
			if err := g.prepare(tokenFile); err != nil {
				return err
			}
			return g.push(cmd.Context(), cmd.OutOrStdout(), folder, boards)
		},
	}
	f := cmd.Flags()
	f.StringVar(&g.url, "url", "", "Grafana's address, such as https://grafana.example")
	f.StringVar(&tokenFile, "token-file", "", "a file that holds the token of a service account")
	f.StringVar(&folder, "folder", "Tidewatch", "the folder of the dashboards; empty is the top")
	addDataSourceFlag(cmd, &sources)
	for _, required := range []string{"url", "token-file"} {
		_ = cmd.MarkFlagRequired(required) // it exists
	}
	return cmd
}

// prepare checks the address and reads the token.
func (g *grafana) prepare(tokenFile string) error {
	u, err := url.Parse(g.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--url must be like https://grafana.example, not %q", g.url)
	}
	g.url = strings.TrimSuffix(g.url, "/")
	token, err := os.ReadFile(tokenFile) //nolint:gosec // the user names it
	if err != nil {
		return fmt.Errorf("read --token-file: %w", err)
	}
	g.token = strings.TrimSpace(string(token))
	if g.token == "" {
		return fmt.Errorf("--token-file %s is empty", tokenFile)
	}
	return nil
}

// push brings all dashboards into the folder. The first one that fails ends it.
func (g *grafana) push(ctx context.Context, w io.Writer, folder string, boards []*dashboards.Dashboard) error {
	uid, err := g.folder(ctx, folder)
	if err != nil {
		return fmt.Errorf("find or make the folder %q: %w", folder, err)
	}
	for _, d := range boards {
		done, err := g.dashboard(ctx, uid, d)
		if err != nil {
			return fmt.Errorf("push %q: %w", d.Title, err)
		}
		fmt.Fprintf(w, "%-9s  %s  %s/d/%s\n", done, d.Title, g.url, d.UID)
	}
	return nil
}

// folder returns the uid of the folder of that title, which it creates if there is none.
func (g *grafana) folder(ctx context.Context, title string) (string, error) {
	if title == "" {
		return "", nil
	}
	type folder struct{ UID, Title string }
	const page = 1000
	for n := 1; ; n++ {
		var have []folder
		if err := g.ask(ctx, http.MethodGet, fmt.Sprintf("/api/folders?limit=%d&page=%d", page, n), nil, &have); err != nil {
			return "", err
		}
		for _, f := range have {
			if f.Title == title {
				return f.UID, nil
			}
		}
		if len(have) < page {
			break
		}
	}
	var made folder
	err := g.ask(ctx, http.MethodPost, "/api/folders", map[string]string{"title": title}, &made)
	return made.UID, err
}

// dashboard creates or updates one dashboard, and says which.
func (g *grafana) dashboard(ctx context.Context, folderUID string, d *dashboards.Dashboard) (string, error) {
	var want map[string]any
	if err := json.Unmarshal(d.JSON(), &want); err != nil {
		return "", err
	}
	var have struct {
		Dashboard map[string]any
		Meta      struct{ FolderUID string }
	}
	done := "updated"
	err := g.ask(ctx, http.MethodGet, "/api/dashboards/uid/"+d.UID, nil, &have)
	var answer *grafanaError
	switch {
	case errors.As(err, &answer) && answer.code == http.StatusNotFound:
		done = "created"
	case err != nil:
		return "", err
	default:
		// Only the version that was just read is replaced: what somebody saves meanwhile is not lost.
		want["version"] = have.Dashboard["version"]
		id := have.Dashboard["id"]
		delete(have.Dashboard, "id")
		if have.Meta.FolderUID == folderUID && reflect.DeepEqual(have.Dashboard, want) {
			return "unchanged", nil
		}
		want["id"] = id
	}
	err = g.ask(ctx, http.MethodPost, "/api/dashboards/db", map[string]any{
		"dashboard": want, "folderUid": folderUID, "overwrite": false, "message": "tidewatch " + buildVersion(),
	}, nil)
	return done, err
}

// ask sends a request and decodes the answer, which must be JSON.
func (g *grafana) ask(ctx context.Context, method, path string, body, answer any) error {
	var in io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		in = strings.NewReader(string(b))
	}
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return fmt.Errorf("grafana does not answer: %w; is --url right, and can this host reach it?", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read Grafana's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return newGrafanaError(resp.StatusCode, b)
	}
	if answer == nil {
		answer = &map[string]any{}
	}
	if err := json.Unmarshal(b, answer); err != nil {
		return fmt.Errorf("the answer of %s is no JSON of Grafana's API: is --url the address of Grafana, with its path if it has one?", g.url+path)
	}
	return nil
}

// grafanaError is an answer that is not 200.
type grafanaError struct {
	code         int
	status, text string
}

func newGrafanaError(code int, body []byte) *grafanaError {
	e := &grafanaError{code: code}
	var said struct{ Message, Status string }
	if json.Unmarshal(body, &said) == nil {
		e.status, e.text = said.Status, said.Message
	}
	e.text = cmp.Or(e.text, http.StatusText(code))
	return e
}

// Error says what a person can do.
func (e *grafanaError) Error() string {
	hint := ""
	switch {
	case e.code == http.StatusUnauthorized:
		hint = "; the token is wrong or has expired: make a new one for a service account"
	case e.code == http.StatusForbidden:
		hint = "; the token may not do that: its service account needs the role Editor, or rights to write folders and dashboards"
	case e.code == http.StatusPreconditionFailed && e.status == "version-mismatch":
		hint = "; somebody saved it at the same moment: look at what they changed, then run this again"
	case e.code == http.StatusPreconditionFailed && e.status == "name-exists":
		hint = "; another dashboard in the folder has this title: rename it, or choose another --folder"
	case e.code == http.StatusPreconditionFailed:
		hint = "; Grafana has a dashboard there that may not be replaced (" + cmp.Or(e.status, "no reason given") + ")"
	case e.code == http.StatusBadRequest && strings.Contains(e.text, "provisioned"):
		hint = "; it comes from a file on Grafana's host: change that file, or remove it"
	case e.code == http.StatusNotFound:
		hint = "; is --url the address of Grafana, with its path if it has one?"
	case e.code/100 == 3:
		hint = "; a redirect, which is not followed: give --url as Grafana itself is reached, with https if it wants that"
	}
	return fmt.Sprintf("grafana answers %d: %s%s", e.code, e.text, hint)
}
