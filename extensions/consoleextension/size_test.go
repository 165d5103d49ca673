package consoleextension_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxPage is what the page may have in all, in bytes: it is part of every binary and
// comes over slow lines at bad times.
const maxPage = 250 << 10

func TestPageIsSmall(t *testing.T) {
	var total int64
	require.NoError(t, fs.WalkDir(os.DirFS("ui"), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		total += info.Size()
		return err
	}))
	t.Logf("the page has %d bytes of %d", total, maxPage)
	require.LessOrEqual(t, total, int64(maxPage))
}

var imported = regexp.MustCompile(`(?m)^import .*"\./([a-z]+\.js)";$`)

// A module that is not there leaves the page empty.
func TestModulesAreThere(t *testing.T) {
	files, err := filepath.Glob("ui/js/*.js")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range imported.FindAllStringSubmatch(string(text), -1) {
			require.FileExists(t, filepath.Join("ui/js", m[1]), file)
		}
	}
}
