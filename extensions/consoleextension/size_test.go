package consoleextension_test

import (
	"io/fs"
	"os"
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
