package agent

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/pprofextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/attributesprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourceprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/tidewatch/tidewatch/connectors/anomalyconnector"
	"github.com/tidewatch/tidewatch/connectors/incidentconnector"
	"github.com/tidewatch/tidewatch/connectors/patternconnector"
	"github.com/tidewatch/tidewatch/connectors/redconnector"
	"github.com/tidewatch/tidewatch/connectors/rootcauseconnector"
	"github.com/tidewatch/tidewatch/exporters/alertmanagerexporter"
	"github.com/tidewatch/tidewatch/exporters/consoleexporter"
	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
	"github.com/tidewatch/tidewatch/exporters/kafkaexporter"
	"github.com/tidewatch/tidewatch/exporters/lokiexporter"
	"github.com/tidewatch/tidewatch/exporters/prometheusexporter"
	"github.com/tidewatch/tidewatch/exporters/remotewriteexporter"
	"github.com/tidewatch/tidewatch/exporters/ticketexporter"
	"github.com/tidewatch/tidewatch/extensions/consoleextension"
	"github.com/tidewatch/tidewatch/extensions/healthextension"
	"github.com/tidewatch/tidewatch/extensions/loadsheddingextension"
	"github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
	"github.com/tidewatch/tidewatch/processors/errorcodeprocessor"
	"github.com/tidewatch/tidewatch/processors/hostprocessor"
	"github.com/tidewatch/tidewatch/processors/kubeletprocessor"
	"github.com/tidewatch/tidewatch/processors/logpatternprocessor"
	"github.com/tidewatch/tidewatch/processors/redactprocessor"
	"github.com/tidewatch/tidewatch/processors/tailsamplingprocessor"
	"github.com/tidewatch/tidewatch/receivers/alertwebhookreceiver"
	"github.com/tidewatch/tidewatch/receivers/jaegerreceiver"
	"github.com/tidewatch/tidewatch/receivers/journaldreceiver"
	"github.com/tidewatch/tidewatch/receivers/kafkareceiver"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver"
	"github.com/tidewatch/tidewatch/receivers/scrapereceiver"
	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
	"github.com/tidewatch/tidewatch/receivers/zipkinreceiver"
)

// components is the one list of what the agent is built of. builder-config.yaml
// names the same components; a test keeps the two equal.
func components() *componentSet {
	return &componentSet{
		receivers: []receiver.Factory{
			alertwebhookreceiver.NewFactory(),
			hostmetricsreceiver.NewFactory(),
			jaegerreceiver.NewFactory(),
			journaldreceiver.NewFactory(),
			kafkareceiver.NewFactory(),
			middlewarereceiver.NewFactory(),
			guardOTLP(otlpreceiver.NewFactory()),
			scrapereceiver.NewFactory(),
			tailreceiver.NewFactory(),
			zipkinreceiver.NewFactory(),
		},
		processors: []processor.Factory{
			attributesprocessor.NewFactory(),
			filterprocessor.NewFactory(),
			hostprocessor.NewFactory(),
			kubeletprocessor.NewFactory(),
			logpatternprocessor.NewFactory(),
			errorcodeprocessor.NewFactory(),
			memorylimiterprocessor.NewFactory(),
			redactprocessor.NewFactory(),
			resourceprocessor.NewFactory(),
			tailsamplingprocessor.NewFactory(),
			transformprocessor.NewFactory(),
		},
		connectors: []connector.Factory{
			anomalyconnector.NewFactory(),
			incidentconnector.NewFactory(),
			patternconnector.NewFactory(),
			redconnector.NewFactory(),
			rootcauseconnector.NewFactory(),
		},
		exporters: []exporter.Factory{
			alertmanagerexporter.NewFactory(),
			consoleexporter.NewFactory(),
			debugexporter.NewFactory(),
			elasticsearchexporter.NewFactory(),
			kafkaexporter.NewFactory(),
			lokiexporter.NewFactory(),
			nopexporter.NewFactory(),
			otlpexporter.NewFactory(),
			otlphttpexporter.NewFactory(),
			prometheusexporter.NewFactory(),
			remotewriteexporter.NewFactory(),
			ticketexporter.NewFactory(),
		},
		extensions: []extension.Factory{
			bearertokenauthextension.NewFactory(),
			consoleextension.NewFactory(),
			healthextension.NewFactory(),
			loadsheddingextension.NewFactory(),
			pprofextension.NewFactory(),
			segmentstorageextension.NewFactory(),
		},
	}
}
