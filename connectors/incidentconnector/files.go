package incidentconnector

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/incident"
)

// maxFile bounds the file of suppressions: some thousand of them.
const maxFile = 4 << 20

// files are what people read and edit: suppressions.yaml, and the folder of what they
// taught.
type files struct {
	dir    string
	taught string
	looked bool
	read   stamp // of the suppressions that hold
	before stamp // at the last look
	bad    bool  // the file cannot be read; it was said
}

// stamp tells one state of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

func newFiles(cfg *Config) *files { return &files{dir: cfg.Directory, taught: cfg.Catalogue} }

func (f *files) suppressions() string { return filepath.Join(f.dir, "suppressions.yaml") }

func (f *files) make() error {
	for _, dir := range []string{f.dir, f.taught} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
	}
	return nil
}

// changed returns the suppressions of the file if it is another one than before. A file
// that still changes, or is empty, is being written.
func (f *files) changed() ([]incident.Suppression, bool, error) {
	if f.dir == "" {
		return nil, false, nil
	}
	first := !f.looked
	f.looked = true
	info, err := os.Stat(f.suppressions())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		changed := first || f.read != stamp{} // it was taken away: nothing is noise any more
		f.read = stamp{}
		return nil, changed, nil
	case err != nil:
		return nil, false, fmt.Errorf("read suppressions: %w", err)
	}
	now := stamp{info.ModTime(), info.Size()}
	steady := first || now == f.before
	f.before = now
	if now == f.read || now.size == 0 || !steady {
		return nil, false, nil
	}
	f.read = now
	b, err := f.content()
	if err != nil {
		return nil, false, err
	}
	all, err := incident.ParseSuppressions(b)
	return all, err == nil, err
}

func (f *files) content() ([]byte, error) {
	info, err := os.Stat(f.suppressions())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && info.Size() > maxFile:
		return nil, fmt.Errorf("read suppressions: the file has more than %d bytes", maxFile)
	}
	b, err := os.ReadFile(f.suppressions())
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	return b, nil
}

// add writes suppressions into the file, which keeps what people wrote.
func (f *files) add(more []incident.Suppression) error {
	if f.dir == "" {
		return nil
	}
	b, err := f.content()
	if err != nil {
		return err
	}
	if b, err = incident.AddSuppressions(b, more...); err != nil {
		return err
	}
	return replace(f.suppressions(), b)
}

// teach writes an entry for the catalogue. An entry of the same code is replaced.
func (f *files) teach(e *incident.Entry) error {
	if f.taught == "" {
		return nil
	}
	b, err := incident.EncodeEntry(e)
	if err != nil {
		return err
	}
	return replace(filepath.Join(f.taught, "learned-"+e.Code+".yaml"), b)
}

// replace writes a file in one step: readers see the old one or the new one.
func replace(path string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // what is left of it
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// review reads the suppressions again if somebody edited them. A file that cannot be
// read changes nothing.
func (c *incidents) review() {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, changed, err := c.files.changed()
	switch {
	case err != nil:
		c.files.bad = true
		c.set.Logger.Warn("The file of suppressions cannot be read; those that held before still do.", zap.String("file", c.files.suppressions()), zap.Error(err))
	case changed:
		c.files.bad = false
		before := len(c.engine.Suppressions())
		c.engine.Suppress(all)
		if before+len(all) == 0 {
			return
		}
		c.set.Logger.Info("Suppressions were read.", zap.String("file", c.files.suppressions()), zap.Int("suppressions", len(all)))
	}
}
