package listening_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/listening"
)

const heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// proc is a /proc with tables of sockets.
func proc(t *testing.T, tcp, tcp6 string) string {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the tables below are those of little-endian machines")
	}
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "self", "net"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "self", "net", "tcp"), []byte(heading+tcp), 0o600))
	if tcp6 != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "self", "net", "tcp6"), []byte(heading+tcp6), 0o600))
	}
	return dir
}

func TestWhatListens(t *testing.T) {
	dir := proc(t, `   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   110        0 4242 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 100 0 0 10 0
   2: 0501A8C0:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1 0 100 0 0 10 0
   3: 0100007F:9999 0100007F:18EB 01 00000000:00000000 00:00000000 00000000     0        0 4245 1 0 100 0 0 10 0
   4: 0100007F:1111 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4246 1 0 100 0 0 10 0
`, `   0: 00000000000000000000000001000000:18EB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   110        0 5000 1 0 100 0 0 10 0
   1: 00000000000000000000000000000000:24BC 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5001 1 0 100 0 0 10 0
`)
	sockets, err := listening.Sockets(dir)
	require.NoError(t, err)
	var local []string
	for _, s := range sockets {
		if at, ok := s.Local(); ok {
			local = append(local, at)
		}
	}
	require.Equal(t, []string{"127.0.0.1:6379", "127.0.0.1:80", "[::1]:6379", "127.0.0.1:9404"}, local)
	require.Equal(t, listening.Socket{Address: netip.MustParseAddrPort("127.0.0.1:6379"), UID: 110, Inode: 4242}, sockets[0])
	require.Len(t, sockets, 5, "the kernel lists connections after what listens")
}

func TestTablesThatCannotBeRead(t *testing.T) {
	_, err := listening.Sockets(t.TempDir())
	require.ErrorContains(t, err, "read sockets")
	for _, line := range []string{"nonsense", "0: 01:18EB 0:0 0A 0:0 0:0 0 0 0 1", "0: 0100007F:zz 0:0 0A 0:0 0:0 0 0 0 1", "0: 0100007F:18EB 0:0 0A 0:0 0:0 0 x 0 1"} {
		_, err := listening.Sockets(proc(t, line+"\n", ""))
		require.Error(t, err, line)
	}
}

func TestThisProcessIsFound(t *testing.T) {
	if _, err := os.Stat("/proc/self/net/tcp"); err != nil {
		t.Skip("there is no /proc here")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	comm, err := os.ReadFile("/proc/self/comm")
	require.NoError(t, err)
	name := strings.TrimSpace(string(comm))
	programs := listening.Find("/proc", []string{name})
	sockets, err := listening.Sockets("/proc")
	require.NoError(t, err)
	mine := false
	for _, s := range sockets {
		if at, _ := s.Local(); at == l.Addr().String() {
			mine = programs.Own(s, []string{name})
			require.False(t, programs.Own(s, []string{"another"}))
		}
	}
	require.True(t, mine)
	require.Contains(t, programs.Arguments([]string{name}), os.Args[0])
}

func TestAProcessThatCannotBeLookedIntoIsKnownByItsUser(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "7"), 0o755)) // has no fd
	require.NoError(t, os.WriteFile(filepath.Join(dir, "7", "comm"), []byte("redis-server\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "7", "cmdline"), []byte("redis-server\x00--port\x001\x00"), 0o600))
	programs := listening.Find(dir, []string{"redis-server"})
	require.Equal(t, os.Getuid() != 0, programs.Own(listening.Socket{UID: uint64(os.Getuid())}, []string{"redis-server"}), "root's are nobody's")
	require.False(t, programs.Own(listening.Socket{UID: uint64(os.Getuid()) + 1}, []string{"redis-server"}))
	require.Contains(t, programs.Arguments([]string{"redis-server"}), "--port")
	require.Empty(t, listening.Find(filepath.Join(dir, strconv.Itoa(1)), []string{"x"}).Arguments([]string{"x"}))
}

// FuzzTable feeds what only a kernel should write.
func FuzzTable(f *testing.F) {
	f.Add(heading + "   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   110        0 4242 1\n")
	f.Fuzz(func(t *testing.T, table string) {
		sockets, err := listening.Parse(strings.NewReader(table))
		if err == nil {
			for _, s := range sockets {
				require.True(t, s.Address.IsValid())
			}
		}
	})
}
