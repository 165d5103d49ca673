package tailreceiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.uber.org/zap"
)

// open opens a file by its name and makes sure that the name still leads to it.
func (t *tail) open(f *file) error {
	if f.handle != nil {
		return nil
	}
	if len(f.names) > 0 {
		f.path = f.names[0].path
	}
	h, err := t.openFile(f.path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && f.pos.Offset > 0 && t.openMoved(f, f.path) {
			return nil
		}
		return fmt.Errorf("open file: %w", err)
	}
	fi, err := h.Stat()
	if err != nil {
		h.Close()
		return fmt.Errorf("stat file: %w", err)
	}
	if statOf(fi) != f.id.fileID {
		h.Close()
		if t.openMoved(f, f.path) {
			return nil
		}
		return fmt.Errorf("open file: %s leads to another file now: %w", f.path, fs.ErrNotExist)
	}
	f.handle = h
	return nil
}

// openFailed counts; a person hears of each file once.
func (t *tail) openFailed(path string, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Gone between two looks: the next one knows.
	case errors.Is(err, fs.ErrPermission):
		t.refused(path, "permission", err)
	default:
		t.refused(path, "unreadable", err)
	}
}

func (t *tail) refused(path, why string, err error) {
	t.metrics.refused.Add(context.Background(), 1, reason(why))
	t.logs.Once(path, func(l *zap.Logger) {
		l.Warn("file cannot be read; trying again silently", zap.String("path", path), zap.Error(err))
	})
}

func (t *tail) readFailed(f *file, err error) {
	t.refused(f.path, "unreadable", err)
}

var magics = [][]byte{
	{0x1f, 0x8b},
	{0x28, 0xb5, 0x2f, 0xfd},
	{0xfd, '7', 'z', 'X', 'Z'},
	[]byte("BZh"),
	{0x04, 0x22, 0x4d, 0x18},
	[]byte("PK\x03\x04"), []byte("LPKSHHRH"),
	{0x7f, 'E', 'L', 'F'},
}

// isText reports whether the beginning of a file looks like text: no archive, and
// no NUL bytes.
func isText(head []byte) bool {
	head = head[:min(len(head), 1024)]
	for _, m := range magics {
		if bytes.HasPrefix(head, m) {
			return false
		}
	}
	return bytes.IndexByte(head, 0) < 0
}

// openMoved opens a file that its name no longer leads to: it looks for the inode
// in the folder of that name.
func (t *tail) openMoved(f *file, name string) bool {
	dir := filepath.Dir(name)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		fi, err := e.Info()
		if err != nil || statOf(fi) != f.id.fileID {
			continue
		}
		h, err := t.openFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return false
		}
		f.handle = h
		return true
	}
	return false
}
