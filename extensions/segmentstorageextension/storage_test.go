package segmentstorageextension_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var storageID = component.MustNewID("segment_storage")

// start starts the extension in dir; what it must, it does at the end of the test.
func start(t testing.TB, dir string, change func(*segmentstorage.Config)) storage.Extension {
	t.Helper()
	ext, err := tryStart(t, dir, change)
	require.NoError(t, err)
	return ext
}

func tryStart(t testing.TB, dir string, change func(*segmentstorage.Config)) (storage.Extension, error) {
	t.Helper()
	factory := segmentstorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*segmentstorage.Config)
	cfg.Directory = dir
	cfg.Fsync = "never" // the tests end no machine
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	set := extensiontest.NewNopSettings(factory.Type())
	ext, err := factory.Create(t.Context(), set, cfg)
	require.NoError(t, err)
	if err := ext.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	return ext.(storage.Extension), nil
}

func receiverClient(t testing.TB, ext storage.Extension, name string) storage.Client {
	t.Helper()
	c, err := ext.GetClient(t.Context(), component.KindReceiver, component.MustNewIDWithName("tail", name), "")
	require.NoError(t, err)
	return c
}

// TestContract checks what the documentation of storage.Client promises.
func TestContract(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	ext := start(t, dir, nil)
	c := receiverClient(t, ext, "")

	value, err := c.Get(ctx, "nothing")
	require.NoError(t, err)
	require.Nil(t, value)
	require.NoError(t, c.Delete(ctx, "nothing"))
	require.NoError(t, c.Set(ctx, "a", []byte("1")))
	require.NoError(t, c.Set(ctx, "a", []byte("2")))
	value, err = c.Get(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, "2", string(value))

	before, after := storage.GetOperation("b"), storage.GetOperation("b")
	require.NoError(t, c.Batch(ctx, before, storage.SetOperation("b", []byte("3")), storage.DeleteOperation("a"), after))
	require.Nil(t, before.Value)
	require.Equal(t, "3", string(after.Value))
	value, err = c.Get(ctx, "a")
	require.NoError(t, err)
	require.Nil(t, value)
	require.NoError(t, c.Batch(ctx))

	seen := map[string]string{}
	require.NoError(t, c.(storage.Walker).Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		seen[key] = string(value)
		return []*storage.Operation{storage.SetOperation("c", []byte("4"))}, storage.SkipAll
	}))
	require.Equal(t, map[string]string{"b": "3"}, seen)
	failed := errors.New("no")
	require.ErrorIs(t, c.(storage.Walker).Walk(ctx, func(string, []byte) ([]*storage.Operation, error) {
		return []*storage.Operation{storage.DeleteOperation("c")}, failed
	}), failed)

	require.NoError(t, c.Close(ctx))
	c = receiverClient(t, ext, "")
	for key, want := range map[string]string{"b": "3", "c": "4"} {
		value, err = c.Get(ctx, key)
		require.NoError(t, err)
		require.Equal(t, want, string(value))
	}
	require.NoError(t, c.Close(ctx))
}

func TestComponentsDoNotSeeEachOther(t *testing.T) {
	ext := start(t, t.TempDir(), nil)
	names := []string{"", "a", "a/b", "a_b", "../x", strings.Repeat("long", 30)}
	for _, name := range names {
		c := receiverClient(t, ext, name)
		require.NoError(t, c.Set(t.Context(), "who", []byte(name)))
		require.NoError(t, c.Close(t.Context()))
	}
	for _, name := range names {
		c := receiverClient(t, ext, name)
		value, err := c.Get(t.Context(), "who")
		require.NoError(t, err)
		require.Equal(t, name, string(value))
		_, err = ext.GetClient(t.Context(), component.KindReceiver, component.MustNewIDWithName("tail", name), "")
		require.ErrorContains(t, err, "open already")
	}
}

func TestASecondAgentIsRefused(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, nil)
	_, err := tryStart(t, dir, nil)
	require.ErrorContains(t, err, "in use by another agent")
	require.ErrorContains(t, err, fmt.Sprint(os.Getpid()))
	require.ErrorContains(t, err, dir)
}

func TestAFullStorageSaysSo(t *testing.T) {
	ext := start(t, t.TempDir(), func(c *segmentstorage.Config) { c.SegmentBytes, c.MaxBytes = 1<<16, 1<<18 })
	c, err := ext.GetClient(t.Context(), component.KindExporter, component.MustNewID("loki"), "logs")
	require.NoError(t, err)
	item := make([]byte, 50_000)
	n := 0
	for ; err == nil && n < 100; n++ {
		err = c.Set(t.Context(), fmt.Sprint(n), item)
	}
	require.ErrorIs(t, err, storage.ErrStorageFull)
	require.Equal(t, 6, n, "five of them fit")
	require.NoError(t, c.Delete(t.Context(), "0"))
	require.NoError(t, c.Delete(t.Context(), "1"))
	require.NoError(t, c.Set(t.Context(), "9", item))
}

func TestAnUnusableDirectoryIsAClearError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := tryStart(t, filepath.Join(file, "below"), nil)
	require.ErrorContains(t, err, "directory")
}
