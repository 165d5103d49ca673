package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/alerts"
)

func newAlertsLintCommand() *cobra.Command {
	var dir, server string
	var strict bool
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Check the rules: what is missing, what cannot work, what nobody will thank you for",
		Long: `Refuses rules without owner, response or runbook, past their review, or that silence one
another; warns of conditions that will not do what they seem to. Exit code 1 on errors; with --strict
on warnings, too.

With --prometheus the metrics are those that a server has now, instead of those that the agent is known
to emit. TIDEWATCH_PROMETHEUS_TOKEN, when set, is sent as bearer token.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := ledgerWith(dir)
			if err != nil {
				return err
			}
			o := alerts.LintOptions{Today: time.Now()}
			if server != "" {
				if o.Metrics, err = liveMetrics(cmd.Context(), server); err != nil {
					return err
				}
			}
			return tellProblems(cmd.OutOrStdout(), l, l.Lint(o), dir, strict)
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().StringVar(&server, "prometheus", "", "URL of a Prometheus whose metrics the rules are held against")
	cmd.Flags().BoolVar(&strict, "strict", false, "fail on warnings, too")
	return cmd
}

// tellProblems prints them with paths that an editor can follow.
func tellProblems(w io.Writer, l alerts.Ledger, problems []alerts.Problem, dir string, strict bool) error {
	bad, warnings := 0, 0
	for _, p := range problems {
		if p.Error {
			bad++
		} else {
			warnings++
		}
		if r, ok := l.Rule(p.Rule); (!ok || !r.Shipped) && dir != "" {
			if own := filepath.Join(dir, filepath.FromSlash(p.Position.File)); exists(own) {
				p.Position.File = own
			}
		}
		fmt.Fprintln(w, p)
	}
	fmt.Fprintf(w, "%d rules, %d errors, %d warnings\n", len(l.Enabled()), bad, warnings)
	if bad > 0 || strict && warnings > 0 {
		return errors.New("the rules have problems")
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// liveMetrics asks a Prometheus which metrics it has, and of which types. Types come with scrapes; what was written to
// it may have none.
func liveMetrics(ctx context.Context, server string) (map[string]string, error) {
	metrics := map[string]string{}
	var names []string
	if err := askPrometheus(ctx, server, "/api/v1/label/__name__/values", &names); err != nil {
		return nil, err
	}
	for _, n := range names {
		metrics[n] = "unknown"
	}
	var families map[string][]struct{ Type string }
	if err := askPrometheus(ctx, server, "/api/v1/metadata", &families); err != nil {
		return nil, err
	}
	for name, list := range families {
		if len(list) > 0 {
			metrics[name] = list[0].Type
		}
	}
	return metrics, nil
}

func askPrometheus(ctx context.Context, server, path string, into any) error {
	const most = 64 << 20
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	u, err := url.Parse(server)
	if err != nil {
		return fmt.Errorf("--prometheus: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath(path).String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	if token := os.Getenv("TIDEWATCH_PROMETHEUS_TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	answer := struct {
		Status, Error string
		Data          any
	}{Data: into}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Status != "success" {
		return fmt.Errorf("ask Prometheus for %s: %s: %s", path, resp.Status, strings.TrimSpace(answer.Error))
	}
	return nil
}
