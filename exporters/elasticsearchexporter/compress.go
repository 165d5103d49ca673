package elasticsearchexporter

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/config/configcompression"
)

// compressor compresses request bodies. It is safe for concurrent use.
type compressor struct {
	gzip, zstd *codec
	// proven is that the server has understood zstd, refused that it has not.
	// Elasticsearch 8 does not, proxies in front of it and its forks may.
	proven, refused atomic.Bool
}

// codec is one way to compress. Its writers are pooled: each holds a megabyte.
type codec struct {
	name string // of Content-Encoding
	pool sync.Pool
}

type resettable interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// newCompressor returns nil where bodies are sent as they are.
func newCompressor(kind configcompression.Type, level int) *compressor {
	if kind != configcompression.TypeGzip && kind != configcompression.TypeZstd {
		return nil
	}
	c := &compressor{}
	gzipLevel := gzip.BestSpeed // what zstd gives way to
	if kind == configcompression.TypeGzip {
		gzipLevel = level
	}
	c.gzip = &codec{name: "gzip", pool: sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, gzipLevel)
		if err != nil { // the level is none
			w = gzip.NewWriter(nil)
		}
		return w
	}}}
	if kind == configcompression.TypeZstd {
		c.zstd = &codec{name: "zstd", pool: sync.Pool{New: func() any {
			w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)))
			if err != nil {
				panic(err) // the options are constants but for the level, which is clamped
			}
			return w
		}}}
	}
	return c
}

// codec returns the one to use now.
func (c *compressor) codec() *codec {
	if c.zstd != nil && !c.refused.Load() {
		return c.zstd
	}
	return c.gzip
}

// understood says that the server read a body of the codec.
func (c *compressor) understood(used *codec) {
	if c != nil && used != nil && used == c.zstd && !c.proven.Load() {
		c.proven.Store(true)
	}
}

// giveWay reports whether a refusal may be that of the codec, so that the body
// should be sent once more with another: from then on that is used.
func (c *compressor) giveWay(used *codec) bool {
	if c == nil || used == nil || used != c.zstd || c.proven.Load() {
		return false
	}
	c.refused.Store(true)
	return true
}

// compress appends the compressed p to dst.
func (c *codec) compress(dst *bytes.Buffer, p []byte) error {
	w := c.pool.Get().(resettable)
	defer c.pool.Put(w)
	w.Reset(dst)
	if _, err := w.Write(p); err != nil {
		return fmt.Errorf("compress request: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compress request: %w", err)
	}
	return nil
}
