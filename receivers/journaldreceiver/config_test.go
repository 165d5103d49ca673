package journaldreceiver_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/receivers/journaldreceiver"
)

func TestConfigIsReadAndEveryMistakeNamesItsKey(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(journaldreceiver.NewFactory().CreateDefaultConfig()))
	all, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"journald":          "",
		"journald/full":     "",
		"journald/program":  "journalctl must name the program",
		"journald/start_at": "start_at: \"middle\" must be",
		"journald/initial":  "initial_entries must not be negative",
		"journald/batch":    "max_batch_records must be positive",
		"journald/timeout":  "batch_timeout must be positive",
		"journald/retry":    "max_retry_interval must be positive",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := journaldreceiver.NewFactory().CreateDefaultConfig().(*journaldreceiver.Config)
			sub, err := all.Sub(name)
			require.NoError(t, err)
			require.NoError(t, sub.Unmarshal(cfg))
			if want == "" {
				require.NoError(t, cfg.Validate())
				return
			}
			require.ErrorContains(t, cfg.Validate(), want)
		})
	}
}
