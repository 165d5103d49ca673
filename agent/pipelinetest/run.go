package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service"
	"go.opentelemetry.io/collector/service/pipelines"
	"go.opentelemetry.io/collector/service/telemetry"
)

// Runner runs tests on a configuration.
type Runner struct {
	Config    *otelcol.Config
	Factories otelcol.Factories
	Info      component.BuildInfo
	// Update writes golden files instead of comparing with them.
	Update bool
}

// Result is what became of one test. Problems are empty when it passed; each begins with
// file:line.
type Result struct {
	Name     string
	Problems []string
}

// Run runs the tests of a file. An error is of the machinery, not of a test.
func (r *Runner) Run(ctx context.Context, f *File) []Result {
	results := make([]Result, 0, len(f.Tests))
	for i := range f.Tests {
		t := &f.Tests[i]
		res := Result{Name: t.Name}
		signal, out, err := r.run(ctx, f, t)
		if err != nil {
			res.Problems = []string{fmt.Sprintf("%s:%d: %v", f.Path, t.line, err)}
		} else {
			res.Problems = r.compare(f, t, signal, out)
		}
		results = append(results, res)
	}
	return results
}

// run puts the input of a test through its pipeline, and returns what came out.
func (r *Runner) run(ctx context.Context, f *File, t *Test) (signal pipeline.Signal, out batch, err error) {
	in, err := r.pipeline(t.Pipeline)
	if err != nil {
		return signal, out, err
	}
	end := in
	if t.Output != "" {
		if end, err = r.pipeline(t.Output); err != nil {
			return signal, out, fmt.Errorf("output: %w", err)
		}
	}
	s := newStage()
	set, cfg, err := r.setTheStage(s, t, in, end)
	if err != nil {
		return signal, out, err
	}
	given, err := f.read(t, in.Signal())
	if err != nil {
		return signal, out, err
	}
	srv, err := service.New(ctx, set, cfg)
	if err != nil {
		return signal, out, fmt.Errorf("build pipeline: %w", err)
	}
	if err = srv.Start(ctx); err == nil {
		err = s.give(ctx, given)
	}
	if err = errors.Join(err, srv.Shutdown(ctx)); err != nil {
		return signal, out, fmt.Errorf("run pipeline: %w", err)
	}
	return end.Signal(), s.out, nil
}

func (r *Runner) pipeline(name string) (id pipeline.ID, err error) {
	if err := id.UnmarshalText([]byte(name)); err != nil {
		return id, fmt.Errorf("pipeline: %w", err)
	}
	if _, ok := r.Config.Service.Pipelines[id]; !ok {
		var names []string
		for id := range r.Config.Service.Pipelines {
			names = append(names, id.String())
		}
		slices.Sort(names)
		return id, fmt.Errorf("pipeline: the configuration has no %q; it has %s", name, strings.Join(names, ", "))
	}
	return id, nil
}

// setTheStage takes the pipelines from in to end out of the configuration, and puts feed
// and catch in the places of receivers and exporters.
func (r *Runner) setTheStage(s *stage, t *Test, in, end pipeline.ID) (service.Settings, service.Config, error) {
	feed, idleReceiver := component.NewID(feedType), component.NewID(idleType)
	catch, idleExporter := component.NewID(catchType), component.NewID(idleType)
	set := service.Settings{
		BuildInfo: r.Info,
		ReceiversConfigs: map[component.ID]component.Config{
			feed: noConfig(), idleReceiver: noConfig(),
		},
		ReceiversFactories: map[component.Type]receiver.Factory{feedType: s.feed(feedType, true), idleType: s.feed(idleType, false)},
		ExportersConfigs: map[component.ID]component.Config{
			catch: noConfig(), idleExporter: noConfig(),
		},
		ExportersFactories:  map[component.Type]exporter.Factory{catchType: s.catch(catchType, true), idleType: s.catch(idleType, false)},
		ProcessorsConfigs:   r.Config.Processors,
		ProcessorsFactories: r.Factories.Processors,
		ConnectorsConfigs:   r.Config.Connectors,
		ConnectorsFactories: r.Factories.Connectors,
		ExtensionsConfigs:   map[component.ID]component.Config{},
		ExtensionsFactories: map[component.Type]extension.Factory{},
		TelemetryFactory:    telemetry.NewFactory(noConfig),
	}
	for id := range r.Config.Extensions {
		set.ExtensionsConfigs[id] = noConfig()
		set.ExtensionsFactories[id.Type()] = storageOf(id.Type())
	}
	cfg := service.Config{Telemetry: noConfig(), Extensions: r.Config.Service.Extensions, Pipelines: pipelines.Config{}}
	reached, err := r.reached(in, end)
	if err != nil {
		return set, cfg, err
	}
	for _, id := range reached {
		p := &pipelines.PipelineConfig{}
		for _, c := range r.Config.Service.Pipelines[id].Receivers {
			if r.isConnector(c) && slices.ContainsFunc(reached, func(from pipeline.ID) bool {
				return (from != end || in == end) && from != id && slices.Contains(r.Config.Service.Pipelines[from].Exporters, c)
			}) {
				p.Receivers = append(p.Receivers, c)
			}
		}
		p.Receivers = append(p.Receivers, idleReceiver)
		if id == in {
			p.Receivers = []component.ID{feed}
		}
		for _, c := range r.Config.Service.Pipelines[id].Processors {
			if !slices.Contains(t.Without, c.String()) {
				p.Processors = append(p.Processors, c)
			}
		}
		for _, c := range r.Config.Service.Pipelines[id].Exporters {
			if id != end && r.isConnector(c) && slices.ContainsFunc(reached, func(to pipeline.ID) bool {
				return to != in && to != id && slices.Contains(r.Config.Service.Pipelines[to].Receivers, c)
			}) {
				p.Exporters = append(p.Exporters, c)
			}
		}
		if id == end {
			p.Exporters = append(p.Exporters, catch)
		} else {
			p.Exporters = append(p.Exporters, idleExporter)
		}
		cfg.Pipelines[id] = p
	}
	return set, cfg, nil
}

func (r *Runner) isConnector(id component.ID) bool {
	_, ok := r.Config.Connectors[id]
	return ok
}

// reached are the pipelines to which connectors lead from in, and from which they lead to
// end.
func (r *Runner) reached(in, end pipeline.ID) ([]pipeline.ID, error) {
	leads := func(from, to pipeline.ID) bool {
		return slices.ContainsFunc(r.Config.Service.Pipelines[from].Exporters, func(c component.ID) bool {
			return r.isConnector(c) && slices.Contains(r.Config.Service.Pipelines[to].Receivers, c)
		})
	}
	walk := func(start, stop pipeline.ID, step func(a, b pipeline.ID) bool) map[pipeline.ID]bool {
		seen, todo := map[pipeline.ID]bool{start: true}, []pipeline.ID{start}
		for len(todo) > 0 {
			at := todo[0]
			todo = todo[1:]
			if at == stop {
				continue
			}
			for other := range r.Config.Service.Pipelines {
				if !seen[other] && step(at, other) {
					seen[other] = true
					todo = append(todo, other)
				}
			}
		}
		return seen
	}
	onward := walk(in, end, leads)
	if !onward[end] {
		return nil, fmt.Errorf("output: no connector leads from pipeline %s to %s", in, end)
	}
	back := walk(end, in, func(a, b pipeline.ID) bool { return leads(b, a) })
	var list []pipeline.ID
	for id := range onward {
		if back[id] {
			list = append(list, id)
		}
	}
	return list, nil
}
