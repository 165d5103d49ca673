package kubeletprocessor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/processors/kubeletprocessor"
)

func TestConfigIsReadAndEveryMistakeNamesItsKey(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(kubeletprocessor.NewFactory().CreateDefaultConfig()))
	all, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"kubelet":          "",
		"kubelet/full":     "",
		"kubelet/endpoint": "endpoint",
		"kubelet/start":    "wait_at_start must not be negative",
		"kubelet/unknown":  "wait_unknown must not be negative",
		"kubelet/none":     "associate must list",
		"kubelet/way":      `associate: "guess" must be`,
		"kubelet/label":    "labels must not hold",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := kubeletprocessor.NewFactory().CreateDefaultConfig().(*kubeletprocessor.Config)
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
