package agent

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

func newReadCommand() *cobra.Command {
	rd := fileReader{format: "auto"}
	cmd := &cobra.Command{
		Use:   "read FILE... | -",
		Short: "Show what the agent makes of log files: one JSON object per record",
		Long: `Shows what the agent makes of log files, one JSON object per record: the lines
that it was read from, its time (with an offset only where the line states one),
level, message and fields. Files may be compressed by gzip and be UTF-16.
A file that cannot be read does not keep the others from being read.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			f, ok := logformat.ParseFormat(rd.format)
			if !ok {
				return fmt.Errorf("--format %s: there is no such format; use auto, plain, json, cri or docker", rd.format)
			}
			rd.out = bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
			if rd.summary = rd.summary || terminal(cmd.OutOrStdout()); rd.summary {
				rd.notes = cmd.ErrOrStderr()
			}
			return rd.readAll(files, cmd.InOrStdin(), f)
		},
	}
	cmd.Flags().StringVar(&rd.format, "format", rd.format, "auto, plain, json, cri or docker")
	cmd.Flags().BoolVar(&rd.summary, "summary", false, "say on standard error how each file was read; the default on a terminal")
	return cmd
}

// fileReader writes the records of files.
type fileReader struct {
	format  string
	summary bool
	out     *bufio.Writer
	notes   io.Writer // for summaries, nil for none
	line    []byte
}

// readAll reads one file after the other. What keeps one of them from being read
// is returned in the end; only a failing output ends it at once.
func (rd *fileReader) readAll(files []string, stdin io.Reader, f logformat.Format) error {
	var failed []error
	for _, name := range files {
		var lost error // of the output
		err := withFile(name, stdin, func(r io.Reader, written time.Time) error {
			sum, err := logformat.ReadWith(r, logformat.ReadOptions{Format: f, Now: written}, func(e logformat.Event) error {
				rd.line = append(e.AppendJSON(rd.line[:0], e.First, e.Last), '\n')
				_, lost = rd.out.Write(rd.line)
				return lost
			})
			if lost != nil {
				return lost
			}
			if lost = rd.out.Flush(); lost != nil {
				return lost
			}
			if rd.notes != nil {
				fmt.Fprintln(rd.notes, summary(name, sum))
			}
			if err != nil && sum.Lines > 0 {
				return fmt.Errorf("%s: behind line %d: %w", name, sum.Lines, err)
			} else if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
		if lost != nil {
			return fmt.Errorf("write records: %w", lost)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// summary says in a few words how a file was read.
func summary(name string, s logformat.Summary) string {
	formats := make([]string, 0, len(s.Formats))
	for f, n := range s.Formats {
		formats = append(formats, fmt.Sprintf("%s %d", f, n))
	}
	slices.Sort(formats)
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d records of %d lines", name, s.Records, s.Lines)
	if len(formats) > 0 {
		fmt.Fprintf(&text, " (%s)", strings.Join(formats, ", "))
	}
	for _, part := range []struct {
		n    int
		what string
	}{{s.Joined, "of several lines"}, {s.NoTime, "without a time"}, {s.NoLevel, "without a level"}} {
		if part.n > 0 {
			fmt.Fprintf(&text, "; %d %s", part.n, part.what)
		}
	}
	for _, part := range []struct {
		n, first int
		what     string
	}{
		{s.Invalid, s.FirstInvalid, "not UTF-8 and read as Latin-1"},
		{s.Broken, s.FirstBroken, "like JSON but broken and kept as text"},
		{s.Cut, s.FirstCut, "too long and cut"},
	} {
		if part.n > 0 {
			fmt.Fprintf(&text, "\n  %d %s, first at line %d", part.n, part.what, part.first)
		}
	}
	return text.String()
}

// withFile opens a file, "-" for stdin, takes gzip off and decodes UTF-16. It says when the
// file was written last, which tells the year of dates that state none.
func withFile(name string, stdin io.Reader, use func(r io.Reader, written time.Time) error) error {
	in, written := stdin, time.Now()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			written = info.ModTime()
		}
		in = f
	}
	buffered := bufio.NewReaderSize(in, 256<<10)
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		buffered = bufio.NewReaderSize(z, 256<<10)
	}
	return use(decoded(buffered), written)
}

// decoded returns the text of r as UTF-8.
func decoded(r *bufio.Reader) io.Reader {
	head, _ := r.Peek(4 << 10) // an error comes again when r is read
	order, bom := logformat.DetectUTF16(head)
	if order == nil {
		return r
	}
	if _, err := r.Discard(bom); err != nil {
		return r
	}
	return logformat.NewUTF16Reader(r, order)
}

// terminal reports whether a person reads w.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
