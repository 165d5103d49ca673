package segmentstorageextension_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

// TestManyUseItAtOnce has every kind of component, and several goroutines of each, set,
// batch, delete and walk at once, with files so small that they are sealed and moved all
// the time: each finds what it has stored, and nobody else's.
func TestManyUseItAtOnce(t *testing.T) {
	dir := t.TempDir()
	ext := start(t, dir, func(c *segmentstorage.Config) { c.SegmentBytes, c.MaxBytes, c.MinFreeBytes = 1<<16, 1<<30, 0 })
	var all sync.WaitGroup
	want := map[string]map[string]string{}
	open := map[string]storage.Client{}
	get := func(ext storage.Extension, kind component.Kind, name string) storage.Client {
		c, err := ext.GetClient(t.Context(), kind, component.MustNewIDWithName("some", name), "logs")
		require.NoError(t, err)
		return c
	}
	kinds := []component.Kind{component.KindReceiver, component.KindProcessor, component.KindExporter, component.KindExtension, component.KindConnector}
	var mu sync.Mutex // guards want and what is in it, until all are done
	for _, kind := range kinds {
		for _, name := range []string{"one", "two"} {
			id := kind.String() + name
			c := get(ext, kind, name)
			open[id] = c
			mine := map[string]string{}
			mu.Lock()
			want[id] = mine
			mu.Unlock()
			for user := range 3 {
				all.Go(func() {
					kept := use(t, c, id, user)
					mu.Lock()
					defer mu.Unlock()
					maps.Copy(mine, kept)
				})
			}
		}
	}
	all.Wait()
	for id, c := range open {
		require.True(t, maps.Equal(want[id], everything(t, c)), id)
		require.NoError(t, c.Close(t.Context()))
		_, err := c.Get(t.Context(), "0-0")
		require.Error(t, err, "a closed client says so")
	}
	require.NoError(t, ext.Shutdown(context.Background()))
	ext = start(t, dir, nil)
	for _, kind := range kinds {
		for _, name := range []string{"one", "two"} {
			id := kind.String() + name
			require.True(t, maps.Equal(want[id], everything(t, get(ext, kind, name))), id)
		}
	}
}

// use changes the keys of one user of a client and returns what is in them at the end.
func use(t *testing.T, c storage.Client, id string, user int) map[string]string {
	r := rand.New(rand.NewPCG(uint64(user), 5)) //nolint:gosec // small
	kept := map[string]string{}
	for i := range 300 {
		key := fmt.Sprintf("%d-%d", user, r.IntN(10))
		value := fmt.Sprintf("%s %d %0*d", id, i, r.IntN(600), 0)
		switch r.IntN(4) {
		case 0:
			if c.Delete(t.Context(), key) != nil {
				t.Errorf("delete %s", key)
			}
			delete(kept, key)
		case 1:
			read := storage.GetOperation(key)
			if c.Batch(t.Context(), storage.SetOperation(key, []byte(value)), read) != nil || string(read.Value) != value {
				t.Errorf("a batch does not see its own change of %s", key)
			}
			clear(read.Value) // belongs to the caller
			kept[key] = value
		default:
			b := []byte(value)
			if c.Set(t.Context(), key, b) != nil {
				t.Errorf("set %s", key)
			}
			clear(b)
			kept[key] = value
		}
		got, err := c.Get(t.Context(), key)
		if err != nil || string(got) != kept[key] {
			t.Errorf("%s is %q, not %q: %v", key, got, kept[key], err)
		}
	}
	return kept
}

func everything(t *testing.T, c storage.Client) map[string]string {
	t.Helper()
	got := map[string]string{}
	require.NoError(t, c.(storage.Walker).Walk(t.Context(), func(key string, value []byte) ([]*storage.Operation, error) {
		got[key] = string(value)
		return nil, nil
	}))
	return got
}
