package tailreceiver_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

// whileDown runs a receiver until it has the lines, stops it, changes something,
// and starts it again.
func (r *rig) whileDown(lines []string, change func()) {
	r.t.Helper()
	r.write("app.log", lines...)
	r.start()
	r.wants(trimmed(lines)...)
	r.stop()
	change()
	r.start()
}

func TestTheCopyOfATruncatedFileIsReadOnWhileTheAgentIsDown(t *testing.T) {
	eachGlob(t, func(t *testing.T, r *rig) {
		lines := numbered("x", 0, 100)
		r.whileDown(lines, func() {
			r.write("app.log", "unread, and long enough\n")
			copyTruncate(t, r.path("app.log"), r.path("app.log.1"))
			r.write("app.log", "fresh\n")
		})
		want := append(trimmed(lines), "unread, and long enough", "fresh")
		r.wants(want...)
		r.stop()
		r.start()
		r.write("app.log", "after another start\n")
		r.wants(append(want, "after another start")...)
	})
}

func TestATruncationIsRememberedAcrossACrash(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.DiscoveryInterval = time.Hour })
	lines := numbered("x", 0, 100)
	r.write("app.log", lines...)
	r.start()
	r.wants(trimmed(lines)...)
	content, err := os.ReadFile(r.path("app.log"))
	require.NoError(t, err)
	require.NoError(t, os.Truncate(r.path("app.log"), 0))
	r.write("app.log", "fresh\n")
	r.wants(append(trimmed(lines), "fresh")...)
	r.stop()
	globs["glob"](r)
	require.NoError(t, os.WriteFile(r.path("app.log.1"), content, 0o600)) // a copy that appears only now
	r.start()
	r.write("app.log", "end\n")
	r.wants(append(trimmed(lines), "fresh", "end")...)
}

func TestAnEditThatMovesNothingIsNoNewFile(t *testing.T) {
	r := newRig(t, nil)
	lines := numbered("x", 0, 200)
	r.whileDown(lines, func() {
		f, err := os.OpenFile(r.path("app.log"), os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte("X"), 0)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		r.write("app.log", "more\n")
	})
	r.wants(append(trimmed(lines), "more")...)
}

func TestAFileReplacedByALongerCopyOfItselfIsContinued(t *testing.T) {
	for name, running := range map[string]bool{"running": true, "down": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			lines := numbered("x", 0, 200)
			replace := func() {
				content, err := os.ReadFile(r.path("app.log"))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(r.path("new"), append(content, "more\n"...), 0o600))
				require.NoError(t, os.Rename(r.path("new"), r.path("app.log")))
			}
			if running {
				r.write("app.log", lines...)
				r.start()
				r.wants(trimmed(lines)...)
				replace()
			} else {
				r.whileDown(lines, replace)
			}
			r.wants(append(trimmed(lines), "more")...)
			r.write("app.log", "end\n")
			r.wants(append(trimmed(lines), "more", "end")...)
		})
	}
}

func TestAMovedFolderIsContinued(t *testing.T) {
	for name, running := range map[string]bool{"running": true, "down": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *tailreceiver.Config) { c.Include[0] = strings.TrimSuffix(c.Include[0], "*.log") + "**/*.log" })
			require.NoError(t, os.Mkdir(r.path("a"), 0o700))
			lines := numbered("x", 0, 50)
			r.write("a/app.log", lines...)
			r.start()
			r.wants(trimmed(lines)...)
			if !running {
				r.stop()
			}
			require.NoError(t, os.Rename(r.path("a"), r.path("b")))
			r.write("b/app.log", "more\n")
			if !running {
				r.start()
			}
			r.wants(append(trimmed(lines), "more")...)
		})
	}
}

// As a move to another file system: a copy, then the original is deleted.
func TestAFileMovedToAnotherFileSystemIsContinued(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Include[0] = strings.TrimSuffix(c.Include[0], "*.log") + "**/*.log" })
	require.NoError(t, os.Mkdir(r.path("a"), 0o700))
	lines := numbered("x", 0, 100)
	r.whileDown(lines, func() {
		content, err := os.ReadFile(r.path("app.log"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(r.path("a/app.log"), append(content, "more\n"...), 0o600))
		require.NoError(t, os.Remove(r.path("app.log")))
	})
	r.wants(append(trimmed(lines), "more")...)
}

func TestFilesWithTheSameFirstKilobytesAreAllReadWhateverTheirNames(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Include[0] += "*" })
	banner := numbered("banner", 0, 200)
	var want []string
	for i, name := range []string{"app.log", "app.log.1", "app.log.2", "other.log"} {
		r.write(name, append(banner, fmt.Sprint("own line of file ", i, "\n"))...)
		want = append(want, append(trimmed(banner), fmt.Sprint("own line of file ", i))...)
	}
	r.start()
	r.wants(want...)
	r.stop()
	r.write("app.log.3", append(banner, "written while down\n")...)
	want = append(want, append(trimmed(banner), "written while down")...)
	r.start()
	r.wants(want...)
}

func TestAReusedInodeWithTheSameBeginningIsANewFile(t *testing.T) {
	r := newRig(t, nil)
	banner := numbered("banner", 0, 200)
	r.whileDown(append(banner, "of the first\n"), func() {
		require.NoError(t, os.WriteFile(r.path("app.log"), []byte(strings.Join(banner, "")+"of the next!\nand more of it\n"), 0o600))
	})
	want := append(trimmed(banner, banner), "of the first", "of the next!", "and more of it")
	r.wants(want...)
}

// As in Kubernetes: the names are links into other folders, where the runtime
// rotates the files.
func TestFilesBehindLinksAreReadToTheirEndWhenTheyAreRotatedThere(t *testing.T) {
	for name, running := range map[string]bool{"running": true, "down": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			require.NoError(t, os.MkdirAll(r.path("pods/one"), 0o700))
			require.NoError(t, os.Symlink(r.path("pods/one/0.log"), r.path("container.log")))
			lines := numbered("x", 0, 50)
			r.write("pods/one/0.log", lines...)
			r.start()
			r.wants(trimmed(lines)...)
			if !running {
				r.stop()
			}
			r.write("pods/one/0.log", "late\n")
			require.NoError(t, os.Rename(r.path("pods/one/0.log"), r.path("pods/one/0.log.20260309-221458")))
			r.write("pods/one/0.log", "fresh\n")
			if !running {
				r.start()
			}
			r.wants(append(trimmed(lines), "late", "fresh")...)
		})
	}
}

func TestEventsTellOfLinesAndFilesAtOnce(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) {
		c.PollInterval, c.DiscoveryInterval = time.Hour, time.Hour
		c.Include[0] = strings.TrimSuffix(c.Include[0], "*.log") + "**/*.log"
	})
	r.write("app.log", "one\n")
	r.start()
	r.wants("one")
	r.write("app.log", "two\n")
	r.wants("one", "two")
	r.write("new.log", "three\n")
	r.wants("one", "two", "three")
	require.NoError(t, os.MkdirAll(r.path("a/b"), 0o700))
	r.write("a/b/deep.log", "four\n")
	r.wants("one", "two", "three", "four")
	require.NoError(t, os.Rename(r.path("app.log"), r.path("moved.log")))
	r.write("app.log", "five\n")
	r.write("moved.log", "six\n")
	r.wants("one", "two", "three", "four", "five", "six")
}

// TestEditionsOfOneFile replaces a file again and again by a longer copy, as editors
// and rsync do. File systems soon give a new edition the inode of an earlier one.
func TestEditionsOfOneFile(t *testing.T) {
	r := newRig(t, nil)
	lines := numbered("x", 0, 30)
	r.write("app.log", lines...)
	r.start()
	for round := range 8 {
		r.wants(trimmed(lines)...)
		more := numbered("x", 30+10*round, 40+10*round)
		lines = append(lines, more...)
		require.NoError(t, os.WriteFile(r.path("app.tmp"), []byte(strings.Join(lines, "")), 0o600))
		require.NoError(t, os.Rename(r.path("app.tmp"), r.path("app.log")))
	}
	r.wants(trimmed(lines)...)
}
