package elasticsearchexporter_test

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

// backend passes each document on to the contract's consumer and answers with
// what that decides.
type backend struct {
	component.StartFunc
	component.ShutdownFunc
}

func verdict(err error) (int, string) {
	switch {
	case err == nil:
		return 0, ""
	case consumererror.IsPermanent(err):
		return http.StatusBadRequest, "document_parsing_exception"
	default:
		return http.StatusTooManyRequests, "es_rejected_execution_exception"
	}
}

func TestContract(t *testing.T) {
	for _, signal := range []pipeline.Signal{pipeline.SignalLogs, pipeline.SignalMetrics, pipeline.SignalTraces} {
		t.Run(signal.String(), func(t *testing.T) {
			f := newFake(t)
			cfg := retrying(f.URL)
			cfg.DeadLetter = false
			exportertest.CheckConsumeContract(exportertest.CheckConsumeContractParams{
				T: t, NumberOfTestElements: 20, Signal: signal,
				ExporterFactory: elasticsearchexporter.NewFactory(), ExporterConfig: cfg,
				ReceiverFactory: receiver.NewFactory(component.MustNewType("backend"), func() component.Config { return nil },
					receiver.WithLogs(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Logs) (receiver.Logs, error) {
						f.item = func(doc) (int, string) { return verdict(next.ConsumeLogs(context.Background(), plog.NewLogs())) }
						return backend{}, nil
					}, component.StabilityLevelAlpha),
					receiver.WithMetrics(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Metrics) (receiver.Metrics, error) {
						f.item = func(doc) (int, string) {
							return verdict(next.ConsumeMetrics(context.Background(), pmetric.NewMetrics()))
						}
						return backend{}, nil
					}, component.StabilityLevelAlpha),
					receiver.WithTraces(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Traces) (receiver.Traces, error) {
						f.item = func(doc) (int, string) { return verdict(next.ConsumeTraces(context.Background(), ptrace.NewTraces())) }
						return backend{}, nil
					}, component.StabilityLevelAlpha)),
			})
		})
	}
}
