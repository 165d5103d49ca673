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
	format := "auto"
	cmd := &cobra.Command{
		Use:   "read FILE... | -",
		Short: "Show what the agent makes of log files: one JSON object per record",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			f, ok := logformat.ParseFormat(format)
			if !ok {
				return fmt.Errorf("--format %s: there is no such format; use auto, plain, json, cri or docker", format)
			}
			out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
			var line []byte
			for _, name := range files {
				err := withFile(name, cmd.InOrStdin(), func(r io.Reader, written time.Time) error {
					sum, err := logformat.ReadWith(r, logformat.ReadOptions{Format: f, Now: written}, func(e logformat.Event) error {
						line = append(e.AppendJSON(line[:0], e.First, e.Last), '\n')
						_, err := out.Write(line)
						return err
					})
					if err == nil && terminal(cmd.OutOrStdout()) {
						fmt.Fprintln(cmd.ErrOrStderr(), summary(name, sum))
					}
					return err
				})
				if err = errors.Join(err, out.Flush()); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "auto, plain, json, cri or docker")
	return cmd
}

// summary says in a few words how a file was read.
func summary(name string, s logformat.Summary) string {
	formats := make([]string, 0, len(s.Formats))
	for f, n := range s.Formats {
		formats = append(formats, fmt.Sprintf("%s %d", f, n))
	}
	slices.Sort(formats)
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d records of %d lines (%s)", name, s.Records, s.Lines, strings.Join(formats, ", "))
	for _, part := range []struct {
		n    int
		what string
	}{{s.Joined, "of several lines"}, {s.NoTime, "without a time"}, {s.NoLevel, "without a level"}, {s.Invalid, "lines not UTF-8"}} {
		if part.n > 0 {
			fmt.Fprintf(&text, "; %d %s", part.n, part.what)
		}
	}
	return text.String()
}

// withFile opens a file, "-" for stdin, and takes gzip off. It says when the
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
		return use(z, written)
	}
	return use(buffered, written)
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
