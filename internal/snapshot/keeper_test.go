package snapshot_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/internal/snapshot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a storage extension that outlives its clients.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	mu   sync.Mutex // guards the rest
	data map[string][]byte
	fail error
	sets int
}

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data[key], m.fail
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sets++
	if m.fail == nil {
		m.data[key] = value
	}
	return m.fail
}

func (m *memory) Delete(context.Context, string) error               { return nil }
func (m *memory) Batch(context.Context, ...*storage.Operation) error { return nil }
func (m *memory) Close(context.Context) error                        { return nil }
func (m *memory) count() int                                         { m.mu.Lock(); defer m.mu.Unlock(); return m.sets }

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

var (
	storageID = component.MustNewID("file_storage")
	self      = component.MustNewID("anomaly")
)

func open(t *testing.T, ext component.Component, logger *zap.Logger) (*snapshot.Keeper, error) {
	t.Helper()
	return snapshot.Open(t.Context(), host{componenttest.NewNopHost(), map[component.ID]component.Component{storageID: ext}}, &storageID, component.KindConnector, self, "state", logger)
}

func TestStateSurvives(t *testing.T) {
	m := &memory{data: map[string][]byte{}}
	k, err := open(t, m, zap.NewNop())
	require.NoError(t, err)
	b, err := k.Load(t.Context())
	require.NoError(t, err)
	require.Nil(t, b)
	k.Start(0, func() ([]byte, error) { return []byte("learned"), nil })
	require.NoError(t, k.Close(t.Context()))
	require.NoError(t, k.Close(t.Context()))

	k, err = open(t, m, zap.NewNop())
	require.NoError(t, err)
	b, err = k.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, "learned", string(b))
	require.NoError(t, k.Close(t.Context()), "without Start nothing is saved")
	require.Equal(t, 1, m.count())
}

func TestSavesAtIntervalsAndSaysWhatFails(t *testing.T) {
	m := &memory{data: map[string][]byte{}, fail: errors.New("disk full")}
	core, logs := observer.New(zap.WarnLevel)
	k, err := open(t, m, zap.New(core))
	require.NoError(t, err)
	_, err = k.Load(t.Context())
	require.EqualError(t, err, "load snapshot: disk full")
	k.Start(time.Millisecond, func() ([]byte, error) { return nil, nil })
	require.Eventually(t, func() bool { return logs.Len() > 1 }, time.Minute, time.Millisecond)
	require.ErrorContains(t, k.Close(t.Context()), "save snapshot: disk full")
}

func TestOpenExplains(t *testing.T) {
	_, err := snapshot.Open(t.Context(), componenttest.NewNopHost(), &storageID, component.KindConnector, self, "", zap.NewNop())
	require.EqualError(t, err, `storage: extension "file_storage" is not configured: add it to service::extensions`)
	_, err = open(t, struct{ component.Component }{}, nil)
	require.EqualError(t, err, `storage: extension "file_storage" is not a storage extension`)

	k, err := snapshot.Open(t.Context(), componenttest.NewNopHost(), nil, component.KindConnector, self, "", zap.NewNop())
	require.NoError(t, err, "no storage means memory only")
	require.NoError(t, k.Close(t.Context()))
}

func TestAPanicKeepsWhatWasSaved(t *testing.T) {
	m := &memory{data: map[string][]byte{"snapshot": []byte("learned")}}
	k, err := open(t, m, zap.NewNop())
	require.NoError(t, err)
	k.Start(0, func() ([]byte, error) { panic("odd") })
	require.ErrorContains(t, k.Save(t.Context()), "take snapshot: it panicked: odd")
	require.ErrorContains(t, k.Close(t.Context()), "it panicked")
	require.Equal(t, "learned", string(m.data["snapshot"]))
}
