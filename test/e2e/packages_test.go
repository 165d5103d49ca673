//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// command runs a program of the repository and returns what it prints.
func command(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = filepath.Join("..", ".."), append(os.Environ(), env...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, "%s %s\n%s%s", name, strings.Join(args, " "), out, problems.String())
	return string(out)
}

func packaging(t *testing.T) {
	t.Helper()
	out, err := exec.Command(filepath.Join("..", "backends", "packaging.sh")).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	skipOrFail(t, err)
}

// openTemp is a directory that other users can enter.
func openTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tidewatch-e2e-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.Len(t, found, 1, pattern)
	return found[0]
}

// TestThePackageRunsAsItsUnitSays takes the .deb apart and starts what is in it by the
// command lines of its unit, as a user without rights, with a service manager that listens.
func TestThePackageRunsAsItsUnitSays(t *testing.T) {
	packaging(t)
	dist, root := openTemp(t), openTemp(t)
	arch := strings.TrimSpace(command(t, nil, "go", "env", "GOARCH"))
	command(t, []string{"ARCHES=" + arch, "DIST=" + dist}, "deploy/packages/build.sh")
	command(t, nil, "bash", "-c", "cd "+dist+" && sha256sum --check --quiet SHA256SUMS")

	var bill struct {
		Packages []struct{ Name, VersionInfo string }
	}
	b, err := os.ReadFile(one(t, dist+"/*.spdx.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &bill))
	require.Greater(t, len(bill.Packages), 100)
	require.Equal(t, "github.com/tidewatch/tidewatch", bill.Packages[0].Name)

	deb, rpm := one(t, dist+"/*.deb"), one(t, dist+"/*.rpm")
	command(t, nil, "dpkg-deb", "-x", deb, root)
	require.Equal(t, "/etc/tidewatch/tidewatch.env\n/etc/tidewatch/tidewatch.yaml\n", command(t, nil, "dpkg-deb", "-I", deb, "conffiles"))
	require.Equal(t, "/etc/tidewatch/tidewatch.env\n/etc/tidewatch/tidewatch.yaml\n", command(t, nil, "rpm", "-qp", "--configfiles", rpm))
	require.Contains(t, command(t, nil, "rpm", "-qpl", rpm), "/usr/lib/systemd/system/tidewatch.service\n")
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		require.Contains(t, command(t, nil, "dpkg-deb", "-I", deb, script), "systemctl")
	}

	unit, err := os.ReadFile(filepath.Join(root, "lib/systemd/system/tidewatch.service"))
	require.NoError(t, err)
	here := strings.NewReplacer("/usr/bin/tidewatch", root+"/usr/bin/tidewatch", "/etc/tidewatch/tidewatch.yaml", root+"/etc/tidewatch/tidewatch.yaml")
	moved := filepath.Join(root, "tidewatch.service")
	require.NoError(t, os.WriteFile(moved, []byte(here.Replace(string(unit))), 0o644))
	out, _ := exec.Command("systemd-analyze", "verify", "--man=no", moved).CombinedOutput() // it fails where no unit of systemd's own is installed
	for line := range strings.Lines(string(out)) {
		require.Contains(t, line, "sysinit.target not found", "systemd-analyze verify")
	}
	command(t, nil, "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", moved)

	commands := regexp.MustCompile(`(?m)^ExecStart(?:Pre)?=(.+)$`).FindAllStringSubmatch(here.Replace(string(unit)), -1)
	require.Len(t, commands, 2)
	before, start := strings.Fields(commands[0][1]), strings.Fields(commands[1][1])
	a := newAgent(t)
	f, err := os.OpenFile(root+"/etc/tidewatch/tidewatch.yaml", os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(a.extra())
	require.NoError(t, err)
	require.NoError(t, f.Close())
	socket := filepath.Join(root, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer manager.Close()
	require.NoError(t, os.Chmod(socket, 0o777))
	hears := func(want string) {
		t.Helper()
		require.NoError(t, manager.SetReadDeadline(time.Now().Add(time.Minute)))
		for b := make([]byte, 4096); ; {
			n, err := manager.Read(b)
			require.NoError(t, err, "want %s; the log is\n%s", want, a.logText())
			if said := string(b[:n]); said != "WATCHDOG=1" {
				require.True(t, strings.HasPrefix(said, want), said)
				return
			}
		}
	}
	state := filepath.Join(root, "var/lib/tidewatch")
	require.NoError(t, os.MkdirAll(filepath.Dir(state), 0o755))
	require.NoError(t, os.Mkdir(state, 0o700))
	as := diesWithTest()
	if os.Getuid() == 0 {
		const nobody = 65534
		require.NoError(t, os.Chown(state, nobody, nobody))
		as.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	run := func(line []string) *exec.Cmd {
		cmd := exec.Command(line[0], line[1:]...)
		cmd.Env = []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=1000000", "STATE_DIRECTORY=" + state, "PATH=" + os.Getenv("PATH")}
		cmd.Stdout, cmd.Stderr, cmd.SysProcAttr, cmd.Dir = a.log, a.log, as, "/"
		return cmd
	}
	require.NoError(t, run(before).Run(), a.logText())
	agent := run(start)
	require.NoError(t, agent.Start())
	hears("READY=1")
	require.NoError(t, agent.Process.Signal(syscall.SIGHUP))
	hears("RELOADING=1")
	hears("READY=1")
	require.NoError(t, agent.Process.Signal(syscall.SIGTERM))
	hears("STOPPING=1")
	require.NoError(t, agent.Wait(), a.logText())
}

// TestTheImageRuns makes the container image and runs it without a daemon.
func TestTheImageRuns(t *testing.T) {
	packaging(t)
	env := []string{"STORAGE_DRIVER=vfs", "BUILDAH_ISOLATION=chroot", "DIST=" + t.TempDir(), "VERSION=0.0.0-e2e"}
	file := strings.TrimSpace(command(t, env, "deploy/image/build.sh"))
	info, err := os.Stat(file)
	require.NoError(t, err)
	t.Logf("the image, compressed, has %d MB", info.Size()/1e6)
	container := strings.TrimSpace(command(t, env, "buildah", "from", "localhost/tidewatch:0.0.0-e2e"))
	defer command(t, env, "buildah", "rm", container)
	require.Contains(t, command(t, env, "buildah", "inspect", "--format", "{{.OCIv1.Config.User}}", container), "65532")

	a := newAgent(t)
	command(t, env, "buildah", "run", container, "--", "/tidewatch", "version")
	a.writeConfig(a.extra())
	cmd := exec.Command("buildah", "run", "--volume", a.config+":/tidewatch.yaml:ro", container, "--", "/tidewatch", "--config", "builtin:host", "--config", "/tidewatch.yaml")
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), a.log, a.log
	cmd.SysProcAttr = diesWithTest()
	require.NoError(t, cmd.Start())
	a.exited = make(chan error, 1)
	go func() { a.exited <- cmd.Wait() }()
	require.NoError(t, a.waitReady(time.Minute))
	require.Contains(t, a.logText(), "/var/lib/tidewatch", "where its state is")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	t.Log("buildah ended:", <-a.exited)
}
