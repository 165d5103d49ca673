package tailreceiver_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

func TestConfigIsReadAndEveryMistakeNamesItsKey(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(tailreceiver.NewFactory().CreateDefaultConfig()))
	all, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"tail":              "",
		"tail/full":         "",
		"tail/empty":        "include must list at least one file",
		"tail/relative":     "must be an absolute path",
		"tail/pattern":      "is not a valid pattern",
		"tail/start_at":     "start_at: \"middle\" must be tail, beginning or end",
		"tail/format":       "format: \"xml\" must be",
		"tail/timezone":     "timezone: \"Nowhere\" is unknown",
		"tail/poll":         "poll_interval must be positive",
		"tail/line":         "max_line_bytes must be between",
		"tail/rotate":       "rotate_wait must not be negative",
		"tail/max_files":    "max_files must be positive",
		"tail/initial":      "initial_bytes must not be negative",
		"tail/flush":        "flush_timeout must not be negative",
		"tail/batch":        "max_batch_records must be positive",
		"tail/checkpoint":   "checkpoint_interval must be positive",
		"tail/retry":        "max_retry_interval must be positive",
		"tail/mode":         "multiline::mode: \"maybe\" must be auto or off",
		"tail/start":        "multiline::start_pattern: ",
		"tail/wait":         "multiline::timeout must be positive",
		"tail/limits":       "rate_limit: set bytes_per_second or records_per_second, not both",
		"tail/over":         "rate_limit::over: \"drop\" must be wait or sample",
		"tail/burst":        "rate_limit: limits and burst must not be negative",
		"tail/bad_excludes": "exclude: \"/x/[\" is not a valid pattern",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := tailreceiver.NewFactory().CreateDefaultConfig().(*tailreceiver.Config)
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
