package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// writer writes the lines of one stream into a file, rotates it, and removes a
// generation when all of its lines have arrived at every sink.
type writer struct {
	stream  int
	path    string
	g       *shapes
	f       *os.File
	n       int // lines written
	rotates int
	old     []generation // oldest first
	serial  int
	arrived func() int // up to which number all sinks have every line
	buf     []byte
}

// generation is a rotated file and the number behind its last line.
type generation struct {
	path    string
	end     int
	packed  bool
	packing chan error
}

func newWriter(dir string, stream int, g *shapes, arrived func() int) (*writer, error) {
	w := &writer{stream: stream, path: filepath.Join(dir, streams[stream].name+".log"), g: g, arrived: arrived}
	return w, w.open()
}

func (w *writer) open() (err error) {
	w.f, err = os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return err
}

// write appends count lines.
func (w *writer) write(count int, at time.Time) error {
	b := w.buf[:0]
	for range count {
		b = streams[w.stream].line(b, w.n, at, w.g)
		w.n++
		at = at.Add(time.Microsecond)
	}
	w.buf = b
	_, err := w.f.Write(b)
	return err
}

// rotate begins a new generation, and clears those that nobody needs.
func (w *writer) rotate() error {
	if err := w.clear(); err != nil {
		return err
	}
	w.serial++
	next := generation{path: fmt.Sprintf("%s.%05d", w.path, w.serial), end: w.n}
	w.rotates++
	if streams[w.stream].rotate == copyTruncated {
		if err := copyFile(w.path, next.path); err != nil {
			return err
		}
		if err := w.f.Truncate(0); err != nil {
			return err
		}
		w.old = append(w.old, next)
		return nil
	}
	if err := os.Rename(w.path, next.path); err != nil {
		return err
	}
	w.old = append(w.old, next)
	if err := errors.Join(w.f.Close(), w.open()); err != nil {
		return err
	}
	if n := len(w.old); streams[w.stream].rotate == compressed && n > 1 && !w.old[n-2].packed {
		g := &w.old[n-2]
		g.packed, g.packing = true, make(chan error, 1)
		go func(path string, done chan<- error) { done <- gzipFile(path) }(g.path, g.packing) // ends by itself; clear and close wait
	}
	return nil
}

// clear removes what has arrived everywhere.
func (w *writer) clear() error {
	arrived := w.arrived()
	for len(w.old) > 2 && w.old[0].end <= arrived {
		if err := w.old[0].remove(); err != nil {
			return err
		}
		w.old = w.old[1:]
	}
	return nil
}

func (g *generation) remove() error {
	if !g.packed {
		return os.Remove(g.path)
	}
	if err := <-g.packing; err != nil {
		return err
	}
	return os.Remove(g.path + ".gz")
}

func (w *writer) close() error {
	err := w.f.Close()
	for i := range w.old {
		if g := &w.old[i]; g.packed {
			err = errors.Join(err, <-g.packing)
		}
	}
	w.old = nil
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// gzipFile does as gzip: a file beside it, which then takes its place.
func gzipFile(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err == nil {
		_, err = io.Copy(z, in)
		err = errors.Join(err, z.Close())
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Remove(path)
}

// writeAll writes the lines of a plan at its pace, or as fast as the machine allows, and
// moves the clock of the load.
func writeAll(ctx context.Context, p *plan, writers []*writer, clock *clock) error {
	perTick := p.Lines / len(writers) * int(tick/time.Millisecond) / 1000
	ticks := p.Seconds * int(time.Second/tick)
	pace := time.NewTicker(tick)
	defer pace.Stop()
	for i := range ticks {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C: // a tick that is missed is not made up for
		}
		now := time.Now().UTC()
		for k, w := range writers {
			if err := w.write(perTick, now); err != nil {
				return fmt.Errorf("write %s: %w", w.path, err)
			}
			// Not all at once: each stream has its own moment.
			if every := p.Rotate * int(time.Second/tick); (i+k*every/len(writers))%every == every-1 {
				if err := w.rotate(); err != nil {
					return fmt.Errorf("rotate %s: %w", w.path, err)
				}
			}
		}
		clock.set(time.Duration(i+1) * tick)
	}
	return nil
}
