package tailreceiver

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

func someCheckpoint() checkpoint {
	return checkpoint{
		Dev: 7, Ino: 42, Gen: 3, Path: "/var/log/app.log", Seen: time.Now().Unix(), Done: true,
		position: position{Offset: 1 << 40, PrefixLen: 1024, PrefixHash: 1, TailLen: 256, TailHash: 2, Marks: []uint32{1, 2, 3}, Skip: true, Await: true},
	}
}

func TestACheckpointIsReadAsItWasWritten(t *testing.T) {
	c := someCheckpoint()
	got, err := decodeBucket(encodeBucket([]*checkpoint{&c, &c}))
	require.NoError(t, err)
	require.Equal(t, []checkpoint{c, c}, got)
}

func FuzzDamagedCheckpointsAreAnError(f *testing.F) {
	c := someCheckpoint()
	f.Add(encodeBucket([]*checkpoint{&c})[crcBytes:])
	f.Add([]byte(`[{"d":1,"i":2,"p":"x","o":3,"t":4}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b := append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)), body...)
		entries, err := decodeBucket(b) // the checksum is right: nothing may panic
		if err != nil {
			require.Empty(t, entries)
			return
		}
		for _, c := range entries {
			require.LessOrEqual(t, len(c.Path), len(body))
		}
		b[0]++
		_, err = decodeBucket(b)
		require.Error(t, err)
	})
}

// mapped is a storage in memory.
type mapped map[string][]byte

func (m mapped) Get(_ context.Context, key string) ([]byte, error) { return m[key], nil }
func (m mapped) Set(_ context.Context, key string, v []byte) error { m[key] = v; return nil }
func (m mapped) Delete(_ context.Context, key string) error        { delete(m, key); return nil }
func (m mapped) Close(context.Context) error                       { return nil }

func (m mapped) Batch(_ context.Context, ops ...*storage.Operation) error {
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = m[op.Key]
		case storage.Set:
			m[op.Key] = op.Value
		case storage.Delete:
			delete(m, op.Key)
		}
	}
	return nil
}

func TestTheFirstVersionOfTheFormatIsReadAndReplaced(t *testing.T) {
	c := checkpoint{Dev: 1, Ino: 2, Path: "/var/log/app.log", Seen: time.Now().Unix(), position: position{Offset: 99, TailLen: 9, TailHash: 5}}
	body, err := json.Marshal([]checkpoint{c})
	require.NoError(t, err)
	m := mapped{startedKey: []byte("1"), "files/33": append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)), body...)}
	for range 2 {
		s := store{client: m, limit: 10}
		first, damaged, err := s.load(t.Context())
		require.NoError(t, err)
		require.NoError(t, damaged)
		require.False(t, first)
		got, ok := s.get(c.id())
		require.True(t, ok)
		require.Equal(t, c, got)
		require.NoError(t, s.flush(t.Context()))
		require.NotContains(t, m, "files/33")
		require.Equal(t, version, string(m[startedKey]))
	}
}

func TestTooManyCheckpointsGiveUpTheOldestThatNobodyFollows(t *testing.T) {
	given := 0
	s := store{client: mapped{}, limit: 20, evicted: func(n int) { given += n }}
	for i := range uint64(100) {
		s.put(checkpoint{Ino: i + 1, Path: "/x", Seen: int64(i), position: position{Offset: 1}})
		if i > 0 {
			s.release(contentID{fileID: fileID{ino: i + 1}}, false)
		}
	}
	_, ok := s.get(contentID{fileID: fileID{ino: 1}})
	require.True(t, ok, "the oldest is followed")
	_, ok = s.get(contentID{fileID: fileID{ino: 100}})
	require.True(t, ok)
	require.LessOrEqual(t, s.count, 20)
	require.Equal(t, 100, s.count+given)
}
