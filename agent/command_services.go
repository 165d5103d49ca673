package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/signals"
)

// services asks a running agent what it knows of services.
type services struct {
	page                    page
	service, order          string
	operations, graph, json bool
}

// serviceAnswer is a row of /api/v1/services.
type serviceAnswer struct {
	Service   string
	Operation string
	Attrs     []struct{ Key, Value string } `json:"attributes"`
	rates
}

// rates are nil where there were too few calls.
type rates struct {
	Calls       *float64
	Errors      *float64
	LatencyMean *float64 `json:"latency_mean"`
	LatencyP99  *float64 `json:"latency_p99"`
}

// edgeAnswer is a row of /api/v1/services/graph.
type edgeAnswer struct {
	Client, Server, Connection string
	rates
}

func newServicesCommand() *cobra.Command {
	s := services{}
	cmd := &cobra.Command{
		Use:   "services",
		Short: "Ask the running agent for its services: mean and p99 latency, error rate, calls",
		Long: `Prints what the running agent counted of the spans it received, over the last
minute, the services that are worst off first. A value is - where there were too few
calls to say.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	s.page.flags(f)
	f.StringVar(&s.service, "service", "", "of this service only")
	f.BoolVar(&s.operations, "operations", false, "with the operations of each service")
	f.BoolVar(&s.graph, "graph", false, "who calls whom instead")
	f.StringVar(&s.order, "sort", "errors", "what comes first: errors, p99, mean, calls or name")
	f.BoolVar(&s.json, "json", false, "print the agent's answer")
	return cmd
}

func (s *services) run(ctx context.Context, w io.Writer) error {
	if !slices.Contains([]string{"errors", "p99", "mean", "calls", "name"}, s.order) {
		return fmt.Errorf("--sort must be errors, p99, mean, calls or name, not %q", s.order)
	}
	body, err := s.ask(ctx)
	if err != nil {
		return err
	}
	if s.json {
		_, err := fmt.Fprintln(w, strings.TrimSpace(string(body)))
		return err
	}
	var answer struct {
		Services []serviceAnswer
		Edges    []edgeAnswer
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	switch {
	case s.graph && len(answer.Edges) > 0:
		s.printEdges(w, answer.Edges)
	case !s.graph && len(answer.Services) > 0:
		s.printServices(w, answer.Services)
	default:
		fmt.Fprintln(w, "No service has sent spans within the last minutes. OTLP is taken at "+signals.AddrOTLPGRPC+" and "+signals.AddrOTLPHTTP+".")
	}
	return nil
}

func (s *services) ask(ctx context.Context) ([]byte, error) {
	q := url.Values{"limit": {"1000"}}
	path := "services"
	if s.graph {
		path += "/graph"
	}
	if s.operations {
		q.Set("operations", "1")
	}
	if s.service != "" {
		q.Set("service", s.service)
	}
	return s.page.ask(ctx, http.MethodGet, path+"?"+q.Encode(), nil)
}

// compare sorts the worse first; unknown values come last.
func (s *services) compare(a, b *rates) int {
	pick := map[string]func(*rates) *float64{
		"errors": func(r *rates) *float64 { return r.Errors }, "p99": func(r *rates) *float64 { return r.LatencyP99 },
		"mean": func(r *rates) *float64 { return r.LatencyMean }, "calls": func(r *rates) *float64 { return r.Calls },
	}[s.order]
	if pick == nil {
		return 0
	}
	return cmp.Compare(orNothing(pick(b)), orNothing(pick(a)))
}

func orNothing(v *float64) float64 {
	if v == nil {
		return -1
	}
	return *v
}

func (s *services) printServices(w io.Writer, list []serviceAnswer) {
	slices.SortStableFunc(list, func(a, b serviceAnswer) int {
		return cmp.Or(s.compare(&a.rates, &b.rates), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation))
	})
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "mean\tp99\terrors\tcalls/s\t  service")
	for i := range list {
		r := &list[i]
		name := []string{r.Service}
		for _, a := range r.Attrs {
			if a.Key != signals.AttrHostName { // the agent's own, mostly
				name = append(name, a.Value)
			}
		}
		if r.Operation != "" {
			name[len(name)-1] += ":"
			name = append(name, r.Operation)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t  %s\n", latency(r.LatencyMean), latency(r.LatencyP99), share(r.Errors), perSecond(r.Calls), strings.Join(name, " "))
	}
	t.Flush()
}

func (s *services) printEdges(w io.Writer, list []edgeAnswer) {
	slices.SortStableFunc(list, func(a, b edgeAnswer) int {
		return cmp.Or(s.compare(&a.rates, &b.rates), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server))
	})
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "mean\terrors\tcalls/s\t  call")
	for i := range list {
		e := &list[i]
		name := e.Client + " -> " + e.Server
		if e.Connection != "" {
			name += " (" + strings.ReplaceAll(e.Connection, "_", " ") + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t  %s\n", latency(e.LatencyMean), share(e.Errors), perSecond(e.Calls), name)
	}
	t.Flush()
}

// latency of so many seconds, with three digits.
func latency(v *float64) string {
	if v == nil {
		return "-"
	}
	d := time.Duration(*v * float64(time.Second))
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	default:
		return d.Round(time.Microsecond).String()
	}
}

func share(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100**v)
}

func perSecond(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3g", *v)
}
