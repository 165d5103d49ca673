package secretfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/secretfile"
)

func TestGiven(t *testing.T) {
	got, err := secretfile.New("hunter2", "").Read()
	require.NoError(t, err)
	require.Equal(t, "hunter2", got)
}

func TestTheFileIsReadAgainWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	s := secretfile.New("", path)
	_, err := s.Read()
	require.ErrorContains(t, err, path)

	write := func(text string, at time.Time) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(path, at, at))
	}
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for i, text := range []string{"one\n", " two ", "six\n"} {
		write(text, noon.Add(time.Duration(i)*time.Second))
		for range 2 {
			got, err := s.Read()
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(text), got)
		}
	}
}

func TestWhatIsNoSecretIsNotShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	for _, text := range []string{"", "\n", "hunter2\nhunter3", strings.Repeat("hunter2", 20_000)} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := secretfile.New("", path).Read()
		require.ErrorContains(t, err, "must hold one line")
		require.NotContains(t, err.Error(), "hunter")
	}
}
