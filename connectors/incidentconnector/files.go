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

// files are what people read and edit: suppressions.yaml and the folder catalogue.
type files struct {
	dir    string
	looked bool
	seen   time.Time // of the suppressions that hold
	size   int64
	bad    bool // the file cannot be read; it was said
}

func newFiles(dir string) *files { return &files{dir: dir} }

func (f *files) suppressions() string { return filepath.Join(f.dir, "suppressions.yaml") }
func (f *files) catalogue() string    { return filepath.Join(f.dir, "catalogue") }

func (f *files) make() error {
	if f.dir == "" {
		return nil
	}
	if err := os.MkdirAll(f.catalogue(), 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return nil
}

// changed returns the suppressions of the file if it is another one than before.
func (f *files) changed() ([]incident.Suppression, bool, error) {
	if f.dir == "" {
		return nil, false, nil
	}
	info, err := os.Stat(f.suppressions())
	first := !f.looked
	f.looked = true
	switch {
	case errors.Is(err, fs.ErrNotExist):
		changed := first || !f.seen.IsZero() // it was taken away: nothing is noise any more
		f.seen, f.size = time.Time{}, 0
		return nil, changed, nil
	case err != nil:
		return nil, false, fmt.Errorf("read suppressions: %w", err)
	case info.ModTime().Equal(f.seen) && info.Size() == f.size:
		return nil, false, nil
	}
	f.seen, f.size = info.ModTime(), info.Size()
	b, err := f.read()
	if err != nil {
		return nil, false, err
	}
	all, err := incident.ParseSuppressions(b)
	return all, err == nil, err
}

func (f *files) read() ([]byte, error) {
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
	b, err := f.read()
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
	if f.dir == "" {
		return nil
	}
	b, err := incident.EncodeEntry(e)
	if err != nil {
		return err
	}
	return replace(filepath.Join(f.catalogue(), e.Code+".yaml"), b)
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
