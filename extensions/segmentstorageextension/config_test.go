package segmentstorageextension_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

func TestConfig(t *testing.T) {
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	load := func(name string) *segmentstorage.Config {
		sub, err := all.Sub(name)
		require.NoError(t, err)
		cfg := segmentstorage.NewFactory().CreateDefaultConfig().(*segmentstorage.Config)
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		return cfg
	}
	require.Equal(t, int64(8<<30), load("segment_storage").MaxBytes)
	require.Equal(t, &segmentstorage.Config{
		Directory: "/data/queue", MaxBytes: 1 << 30, SegmentBytes: 1 << 20, Fsync: "always", FsyncInterval: 5 * time.Second,
		MinFreeBytes: 1 << 30, WhenFull: "drop_oldest",
	}, load("segment_storage/custom"))

	for key, spoil := range map[string]func(*segmentstorage.Config){
		"directory":      func(c *segmentstorage.Config) { c.Directory = "" },
		"segment_bytes":  func(c *segmentstorage.Config) { c.SegmentBytes = 10 },
		"max_bytes":      func(c *segmentstorage.Config) { c.MaxBytes = 3 * c.SegmentBytes },
		"min_free_bytes": func(c *segmentstorage.Config) { c.MinFreeBytes = -1 },
		"when_full":      func(c *segmentstorage.Config) { c.WhenFull = "panic" },
		"fsync":          func(c *segmentstorage.Config) { c.Fsync = "sometimes" },
		"fsync_interval": func(c *segmentstorage.Config) { c.FsyncInterval = 0 },
	} {
		cfg := segmentstorage.NewFactory().CreateDefaultConfig().(*segmentstorage.Config)
		cfg.Directory = "/data"
		spoil(cfg)
		require.ErrorContains(t, cfg.Validate(), key)
	}
}
