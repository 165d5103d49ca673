package elasticsearchexporter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

// letterFile keeps refused documents, one JSON object a line, as Letter reads
// them. It is safe for concurrent use; nil keeps nothing.
type letterFile struct {
	cfg      DeadLetterFileConfig
	exporter string
	logger   *zap.Logger

	mu     sync.Mutex // guards all below
	file   *os.File
	line   []byte
	clock  clock
	failed string // the last trouble that was logged
}

// add appends a letter. What can't be kept is logged, once for each kind of
// trouble: the document is counted as dropped in any case.
func (l *letterFile) add(from *body, r refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := append(l.line[:0], `{"time":`...)
	b = l.clock.append(b, pcommon.NewTimestampFromTime(time.Now()))
	b = appendField(b, "exporter", l.exporter)
	b = appendField(b, "reason", r.reason)
	b = appendField(b, "detail", r.detail)
	b = append(b, `,"action":`...)
	b = append(b, from.actionOf(r.number)...)
	it := from.items[r.number]
	b = append(b, `,"document":`...)
	b = append(b, from.buf[it.doc:it.end-1]...)
	l.line = append(b, '}', '\n')
	if err := l.write(); err != nil && err.Error() != l.failed {
		l.failed = err.Error()
		l.logger.Warn("Refused documents are not kept in the dead-letter file; they are counted all the same.", zap.String("path", l.cfg.Path), zap.Error(err))
	}
	if cap(l.line) > maxPooled {
		l.line = nil
	}
}

var errFull = errors.New("the file is full: send its letters by tidewatch queue replay --dead-letter, or move it away")

func (l *letterFile) write() error {
	// A file that was moved away or replayed is made anew.
	if info, err := os.Stat(l.cfg.Path); l.file != nil {
		if own, ownErr := l.file.Stat(); err != nil || ownErr != nil || !os.SameFile(info, own) {
			_ = l.file.Close() // nothing of it is unwritten
			l.file = nil
		}
	}
	if l.file == nil {
		if err := os.MkdirAll(filepath.Dir(l.cfg.Path), 0o750); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		file, err := os.OpenFile(l.cfg.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open file: %w", err)
		}
		l.file, l.failed = file, ""
	}
	info, err := l.file.Stat()
	if err != nil {
		return fmt.Errorf("get size: %w", err)
	}
	if info.Size()+int64(len(l.line)) > l.cfg.MaxSize {
		return errFull
	}
	if n, err := l.file.Write(l.line); err != nil {
		if n > 0 { // no half line
			err = errors.Join(err, l.file.Truncate(info.Size()))
		}
		return fmt.Errorf("write letter: %w", err)
	}
	return nil
}

func (l *letterFile) close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	if err != nil {
		return fmt.Errorf("close dead-letter file: %w", err)
	}
	return nil
}
