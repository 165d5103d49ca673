package lokiexporter_test

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"

	"github.com/tidewatch/tidewatch/exporters/lokiexporter"
)

// backend passes each push on to the contract's consumer and answers with what
// that decides.
type backend struct {
	component.StartFunc
	component.ShutdownFunc
}

func TestContract(t *testing.T) {
	f := newFake(t)
	exportertest.CheckConsumeContract(exportertest.CheckConsumeContractParams{
		T: t, NumberOfTestElements: 20, Signal: pipeline.SignalLogs,
		ExporterFactory: lokiexporter.NewFactory(), ExporterConfig: retrying(f.URL),
		ReceiverFactory: receiver.NewFactory(component.MustNewType("backend"), func() component.Config { return nil },
			receiver.WithLogs(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Logs) (receiver.Logs, error) {
				f.push = func(_ int, w http.ResponseWriter, _ *http.Request, _ []stored) bool {
					err := next.ConsumeLogs(context.Background(), plog.NewLogs())
					if consumererror.IsPermanent(err) {
						http.Error(w, "entry for stream '{}' has timestamp too old", http.StatusBadRequest)
					} else if err != nil {
						http.Error(w, "busy", http.StatusTooManyRequests)
					}
					return err != nil
				}
				return backend{}, nil
			}, component.StabilityLevelAlpha)),
	})
}
