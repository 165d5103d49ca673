package agent

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// manager is what systemd is to its units.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	t.Setenv("NOTIFY_SOCKET", path)
	return &manager{t: t, conn: conn}
}

// hears returns the next message that is not a sign of life.
func (m *manager) hears() string {
	for {
		if s := m.next(); s != "WATCHDOG=1" {
			return s
		}
	}
}

func (m *manager) next() string {
	require.NoError(m.t, m.conn.SetReadDeadline(time.Now().Add(time.Minute)))
	b := make([]byte, 4096)
	n, err := m.conn.Read(b)
	require.NoError(m.t, err)
	return string(b[:n])
}

func TestTheServiceManagerIsToldHowItGoes(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	r := startRunner(t, config(freeport.Address()))
	require.Equal(t, "READY=1\nSTATUS=Observing.", m.hears())
	require.Equal(t, "WATCHDOG=1", m.next(), "while it runs")

	r.write("receivers: {nothing: {}}")
	r.signals <- syscall.SIGHUP
	require.Regexp(t, `^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=`, m.hears())
	require.True(t, strings.HasPrefix(m.hears(), "READY=1\nSTATUS=The new configuration is not good, the old one runs: "))

	r.write(config(freeport.Address()))
	r.signals <- syscall.SIGHUP
	require.True(t, strings.HasPrefix(m.hears(), "RELOADING=1\n"))
	require.Equal(t, "READY=1\nSTATUS=Observing.", m.hears())
	r.awaitReady()

	r.stop()
	require.True(t, strings.HasPrefix(m.hears(), "STOPPING=1\n"))
}

func TestAWatchdogThatCannotBeReadIsAnError(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "soon")
	_, err := findSupervisor()
	require.ErrorContains(t, err, "read WATCHDOG_USEC: ")
}
