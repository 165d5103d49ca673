package agent

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

func TestReadDecodesUTF16(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ERRORLOG")
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff2026-03-09 22:14:58.12 Server      Größe überschritten\r\n2026-03-09 22:14:59.12 Server      next\r\n")) {
		b = append(b, byte(u), byte(u>>8))
	}
	require.NoError(t, os.WriteFile(path, b, 0o600))
	for _, args := range [][]string{{path}, {"-"}} {
		out := run(t, string(b), append([]string{"read"}, args...)...)
		first, _, _ := strings.Cut(out, "\n")
		var got struct{ TS, Body string }
		require.NoError(t, json.Unmarshal([]byte(first), &got))
		require.Equal(t, "2026-03-09T22:14:58.12", got.TS)
		require.Equal(t, "Größe überschritten", got.Body)
		require.Equal(t, 2, strings.Count(out, "\n"))
	}
}

func TestReadGoesOnBehindAFileThatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.log"), filepath.Join(dir, "bad.gz")
	require.NoError(t, os.WriteFile(good, []byte("2026-03-09 22:14:58 INFO a\n2026-03-09 22:14:59 caf\xe9\n\tmore\n"), 0o600))
	require.NoError(t, os.WriteFile(bad, []byte("\x1f\x8bnot gzip at all"), 0o600))
	var out, notes bytes.Buffer
	cmd := NewCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&notes)
	cmd.SetArgs([]string{"read", "--summary", filepath.Join(dir, "missing.log"), bad, dir, good})
	err := cmd.ExecuteContext(t.Context())
	require.ErrorContains(t, err, "missing.log: no such file")
	require.ErrorContains(t, err, "bad.gz")
	require.ErrorContains(t, err, dir+": ")
	require.Equal(t, 2, strings.Count(out.String(), "\n"))
	require.Contains(t, notes.String(), good+": 2 records of 3 lines (plain 2); 1 of several lines; 1 without a level\n  1 not UTF-8 and read as Latin-1, first at line 2\n")
}
