package tailreceiver_test

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

// globs are the two ways in which a rotated file is named: covered by the
// patterns or not.
var globs = map[string]func(*rig){
	"single": func(r *rig) { r.cfg.Include = []string{r.path("app.log")} },
	"glob":   func(r *rig) { r.cfg.Include = []string{r.path("app.log*")} },
}

func eachGlob(t *testing.T, run func(t *testing.T, r *rig)) {
	for name, set := range globs {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			set(r)
			run(t, r)
		})
	}
}

func TestRenameRotation(t *testing.T) {
	eachGlob(t, func(t *testing.T, r *rig) {
		var all []string
		r.start()
		for round := range 5 {
			lines := numbered(fmt.Sprint("round", round), 0, 300)
			r.write("app.log", lines[:200]...)
			for n := 4; n > 0; n-- {
				_ = os.Rename(r.path(fmt.Sprintf("app.log.%d", n)), r.path(fmt.Sprintf("app.log.%d", n+1)))
			}
			all = append(all, trimmed(lines)...)
			if round == 0 {
				r.wants(all[:200]...)
			}
			require.NoError(t, os.Rename(r.path("app.log"), r.path("app.log.1")))
			r.write("app.log.1", lines[200:]...) // the writer has not noticed yet
			r.write("app.log", fmt.Sprint("fresh ", round, "\n"))
			all = append(all, fmt.Sprint("fresh ", round))
			r.wants(all...)
		}
	})
}

func TestRenameRotationWhileTheAgentIsDown(t *testing.T) {
	eachGlob(t, func(t *testing.T, r *rig) {
		r.write("app.log", "one\n")
		r.start()
		r.wants("one")
		r.stop()
		r.write("app.log", "two\n")
		require.NoError(t, os.Rename(r.path("app.log"), r.path("app.log.1")))
		r.write("app.log", "three\n")
		r.start()
		r.wants("one", "two", "three")
	})
}

func copyTruncate(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	out, err := os.Create(to)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	require.NoError(t, out.Close())
	require.NoError(t, os.Truncate(from, 0))
}

func TestCopyTruncateRotation(t *testing.T) {
	eachGlob(t, func(t *testing.T, r *rig) {
		var all []string
		r.start()
		for round := range 4 {
			lines := numbered(fmt.Sprint("round", round), 0, 300+round*50)
			r.write("app.log", lines...)
			all = append(all, trimmed(lines)...)
			r.wants(all...)
			copyTruncate(t, r.path("app.log"), r.path(fmt.Sprintf("app.log.%d", round)))
		}
		r.write("app.log", "end\n")
		r.wants(append(all, "end")...)
		time.Sleep(50 * time.Millisecond)
		r.wants(append(all, "end")...)
	})
}

func TestCopyTruncateWhileTheAgentIsDown(t *testing.T) {
	r := newRig(t, nil)
	globs["glob"](r)
	lines := numbered("x", 0, 100)
	r.write("app.log", lines...)
	r.start()
	r.wants(trimmed(lines)...)
	r.stop()
	r.write("app.log", "unread\n")
	copyTruncate(t, r.path("app.log"), r.path("app.log.1"))
	r.write("app.log", "fresh\n")
	r.start()
	r.wants(append(trimmed(lines), "unread", "fresh")...)
}

func TestAFileRegrownPastThePositionIsSeenAsNew(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "a first line\n")
	r.start()
	r.wants("a first line")
	r.stop()
	require.NoError(t, os.WriteFile(r.path("app.log"), []byte("another line\nand more\n"), 0o644))
	r.start()
	r.wants("a first line", "another line", "and more")
	require.Equal(t, int64(0), r.counter("tidewatch_tail_refused_files"))
}

func TestADeletedFileIsReadToItsEnd(t *testing.T) {
	r := newRig(t, nil)
	lines := numbered("x", 0, 100)
	r.write("app.log", lines...)
	r.start()
	r.wants(trimmed(lines)...)
	f, err := os.OpenFile(r.path("app.log"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, os.Remove(r.path("app.log")))
	_, err = f.WriteString("late\nlast without end")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	r.wants(append(trimmed(lines), "late", "last without end")...)
	// The inode may be reused now.
	r.write("app.log", "reborn\n")
	r.wants(append(trimmed(lines), "late", "last without end", "reborn")...)
}

func TestFilesWithTheSameBeginningAreAllRead(t *testing.T) {
	r := newRig(t, nil)
	banner := numbered("banner", 0, 200)
	r.write("one.log", append(banner, "from one\n")...)
	r.write("two.log", append(banner, "from two\n")...)
	r.start()
	r.wants(append(trimmed(banner, banner), "from one", "from two")...)
}

func TestTwoNamesOfOneFileAreReadOnce(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "one\n")
	require.NoError(t, os.Symlink(r.path("app.log"), r.path("link.log")))
	require.NoError(t, os.Link(r.path("app.log"), r.path("hard.log")))
	r.start()
	r.wants("one")
	r.write("app.log", "two\n")
	r.wants("one", "two")
}

func TestASwitchedSymlinkIsFollowed(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Include[0] += "x" })
	r.cfg.Include = []string{r.path("current.log")}
	r.write("a.log", "from a\n")
	r.write("b.log", "from b\n")
	require.NoError(t, os.Symlink("a.log", r.path("current.log")))
	r.start()
	r.wants("from a")
	require.NoError(t, os.Symlink("b.log", r.path("next")))
	require.NoError(t, os.Rename(r.path("next"), r.path("current.log")))
	r.wants("from a", "from b")
}

func TestAHoleAfterTruncationIsSkipped(t *testing.T) {
	r := newRig(t, nil)
	f, err := os.Create(r.path("app.log")) // not in append mode
	require.NoError(t, err)
	_, err = f.WriteString("before the truncation\n")
	require.NoError(t, err)
	r.start()
	r.wants("before the truncation")
	require.NoError(t, os.Truncate(r.path("app.log"), 0))
	_, err = f.WriteString("after\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	r.wants("before the truncation", "after")
}
