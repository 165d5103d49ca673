package agent

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCleanMappings(t *testing.T) {
	const smaps = `00400000-02000000 r-xp 00000000 08:01 77 /opt/tide watch
Size:              28672 kB
Anonymous:             0 kB
02000000-03000000 r--p 01c00000 08:01 77 /opt/tide watch
Anonymous:             4 kB
03000000-03100000 rw-p 02c00000 08:01 77 /opt/tide watch
Anonymous:             0 kB
03100000-03200000 r--p 00000000 08:01 78 /lib/other
Anonymous:             0 kB
03200000-03300000 r--p 03000000 08:01 77 /opt/tide watch
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:             0 kB
`
	require.Equal(t, []mapping{{0x400000, 0x2000000}, {0x3200000, 0x3300000}}, cleanMappings([]byte(smaps), "/opt/tide watch"))
	require.Empty(t, cleanMappings([]byte("garbage\n\nAnonymous:"), "/x"))
}

func TestProgramGoesOnWithoutItsPages(t *testing.T) {
	exe, err := os.Readlink("/proc/self/exe")
	require.NoError(t, err)
	smaps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	require.NotEmpty(t, cleanMappings(smaps, exe), "the text of this program is never changed")
	for range 3 {
		unmapStart()
		require.Contains(t, NewCommand().UsageString(), "patterns")
	}
}
