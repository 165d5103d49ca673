package segmentlog

import (
	"fmt"
	"os"
	"path/filepath"
)

// quarantineDir is the folder, in that of the log, for copies of what is damaged.
const quarantineDir = "quarantine"

// maxQuarantine bounds that folder; beyond it damage is only counted.
const maxQuarantine = 64 << 20

func (l *Log) damaged(s *segment, off, n int64) {
	l.damage.Records++
	l.damage.Bytes += n
	l.quarantineRange(s, off, n)
}

func (l *Log) quarantineRange(s *segment, off, n int64) {
	if n > maxQuarantine {
		return
	}
	b := make([]byte, n)
	if got, _ := s.file.ReadAt(b, off); got > 0 {
		l.quarantine(s.id, off, b[:got])
	}
}

// quarantine keeps a copy for a person to look at. That it cannot is no further
// damage: what is damaged is counted in any case.
func (l *Log) quarantine(segment uint64, off int64, b []byte) {
	if l.opt.ReadOnly {
		return
	}
	dir := filepath.Join(l.dir, quarantineDir)
	if os.MkdirAll(dir, 0o700) != nil || folderBytes(dir)+int64(len(b)) > maxQuarantine {
		return
	}
	_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%016x-%d.bin", segment, off)), b, 0o600)
}

func folderBytes(dir string) int64 {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	total := int64(0)
	for _, e := range entries {
		if fi, err := e.Info(); err == nil {
			total += fi.Size()
		}
	}
	return total
}
