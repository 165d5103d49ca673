package scrapereceiver_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/receivers/scrapereceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConfigIsReadAndEveryMistakeNamesItsKey(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(scrapereceiver.NewFactory().CreateDefaultConfig()))
	all, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"scrape": "", "scrape/full": "",
		"scrape/jobs":        "scrape_configs must list",
		"scrape/interval":    "scrape_interval must be positive",
		"scrape/concurrency": "concurrency must be positive",
		"scrape/max":         "max_targets must be positive",
		"scrape/twice":       `job_name "a" must be there once`,
		"scrape/name":        "job_name must not be empty",
		"scrape/none":        "no targets: add static_configs",
		"scrape/scheme":      "scheme must be http or https",
		"scrape/path":        "metrics_path must begin with /",
		"scrape/kubelet":     "kubelet_paths must begin with /",
		"scrape/files":       "must be a pattern of .json",
		"scrape/target":      "must be host:port",
		"scrape/limit":       "limits must not be negative",
		"scrape/both":        "basic_auth or authorization, not both",
		"scrape/password":    "username must be set",
		"scrape/credentials": "credentials or credentials_file, not both",
		"scrape/relabel":     `relabel_configs: step 1: action "guess"`,
		"scrape/regex":       "metric_relabel_configs: step 1: regex",
		"scrape/cert":        "cert_file and key_file",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := scrapereceiver.NewFactory().CreateDefaultConfig().(*scrapereceiver.Config)
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
