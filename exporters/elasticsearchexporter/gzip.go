package elasticsearchexporter

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// gzipPool keeps writers, which hold about a megabyte each.
type gzipPool struct{ pool sync.Pool }

func newGzipPool(level int) *gzipPool {
	return &gzipPool{sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, level)
		if err != nil { // Validate has checked the level
			w = gzip.NewWriter(nil)
		}
		return w
	}}}
}

// compress appends the compressed p to dst.
func (g *gzipPool) compress(dst *bytes.Buffer, p []byte) error {
	w := g.pool.Get().(*gzip.Writer)
	defer g.pool.Put(w)
	w.Reset(dst)
	if _, err := w.Write(p); err != nil {
		return fmt.Errorf("compress request: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compress request: %w", err)
	}
	return nil
}
