package consoleextension

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/extension/extensioncapabilities"
)

// running is the configuration that runs, without its secrets: only what was let
// through by shown is kept.
type running struct {
	mu         sync.Mutex // guards the rest
	pipelines  []pipelineRoute
	components map[string]any
}

// pipelineRoute is the way through one pipeline.
type pipelineRoute struct {
	ID         string   `json:"id"`
	Signal     string   `json:"signal"`
	Receivers  []string `json:"receivers"`
	Processors []string `json:"processors"`
	Exporters  []string `json:"exporters"`
	// Level is 0 where data comes in from outside, and one more than that of the
	// pipelines before it.
	Level int `json:"level"`
}

// sections are the parts of a configuration that have components.
var sections = []string{"receivers", "processors", "connectors", "exporters", "extensions"}

// NotifyConfigSnapshot takes the configuration that runs.
func (c *console) NotifyConfigSnapshot(_ context.Context, snapshot extensioncapabilities.ConfigSnapshot) error {
	if conf := snapshot.Effective(); conf != nil {
		c.running.take(conf.ToStringMap(), os.Environ())
	}
	return nil
}

func (r *running) take(conf map[string]any, environ []string) {
	s := newShown(conf, environ)
	components := map[string]any{}
	for _, section := range sections {
		if m, ok := conf[section].(map[string]any); ok {
			components[section] = s.value("", m)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pipelines, r.components = routes(conf), components
}

func (r *running) view() ([]pipelineRoute, map[string]any) {
	if r == nil {
		return []pipelineRoute{}, map[string]any{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	components := r.components
	if components == nil {
		components = map[string]any{}
	}
	return append([]pipelineRoute{}, r.pipelines...), components
}

// routes reads the pipelines, those where data comes in first.
func routes(conf map[string]any) []pipelineRoute {
	svc, _ := conf["service"].(map[string]any)
	pipelines, _ := svc["pipelines"].(map[string]any)
	connectors, _ := conf["connectors"].(map[string]any)
	out := make([]pipelineRoute, 0, len(pipelines))
	for id, p := range pipelines {
		m, _ := p.(map[string]any)
		signal, _, _ := strings.Cut(id, "/")
		out = append(out, pipelineRoute{ID: id, Signal: signal, Receivers: ids(m["receivers"]), Processors: ids(m["processors"]), Exporters: ids(m["exporters"])})
	}
	slices.SortFunc(out, func(a, b pipelineRoute) int { return cmp.Compare(a.ID, b.ID) })
	for range out { // connectors make no circles: as many rounds as there are pipelines are enough
		for i := range out {
			for j := range out {
				if feeds(&out[i], &out[j], connectors) {
					out[j].Level = max(out[j].Level, out[i].Level+1)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b pipelineRoute) int { return cmp.Compare(a.Level, b.Level) })
	return out
}

func feeds(from, to *pipelineRoute, connectors map[string]any) bool {
	return slices.ContainsFunc(from.Exporters, func(id string) bool {
		_, connector := connectors[id]
		return connector && slices.Contains(to.Receivers, id)
	})
}

func ids(v any) []string {
	out := []string{}
	switch list := v.(type) {
	case []any:
		for _, id := range list {
			out = append(out, fmt.Sprint(id))
		}
	case []string:
		out = append(out, list...)
	}
	return out
}

// runningConfig is what the components run with. What could be a secret is hidden.
func (a *api) runningConfig(*query) (any, error) {
	_, components := a.running.view()
	return map[string]any{"hidden": hidden, "components": components}, nil
}
