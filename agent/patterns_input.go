package agent

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

const (
	// longestLine is how much of a line is kept; the rest of it is skipped.
	longestLine = 64 << 10
	// progressEvery is how many lines pass between two words on progress: about a
	// second's.
	progressEvery = 1 << 20
)

// patternInput reads files for the patterns command.
type patternInput struct {
	stdin    io.Reader
	progress io.Writer // a terminal, or nil
}

// lines calls each for every line of a file, without its end. The clock is set to when the file was written.
func (p *patternInput) lines(name string, clock *logformat.Clock, each func(line string) error) error {
	return withFile(name, p.stdin, func(r io.Reader, written time.Time) error {
		clock.Now = written.Unix()
		in := bufio.NewReaderSize(r, 2*longestLine)
		read, count := int64(0), 0
		for {
			line, n, err := nextLine(in)
			if n > 0 {
				if err := each(line); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			read += n
			if count++; p.progress != nil && count%progressEvery == 0 {
				fmt.Fprintf(p.progress, "\r%s: %d million lines%s ", name, count/progressEvery, portion(name, read))
			}
			if errors.Is(err, io.EOF) {
				if p.progress != nil && count >= progressEvery {
					fmt.Fprintf(p.progress, "\r%s\r", strings.Repeat(" ", len(name)+40))
				}
				return nil
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
		}
	})
}

// nextLine returns the next line, cut if it is too long, and how many bytes it
// had.
func nextLine(in *bufio.Reader) (line string, n int64, err error) {
	b, err := in.ReadSlice('\n')
	n = int64(len(b))
	line = strings.TrimRight(string(b[:min(len(b), longestLine)]), "\r\n")
	for errors.Is(err, bufio.ErrBufferFull) {
		b, err = in.ReadSlice('\n')
		n += int64(len(b))
	}
	return line, n, err
}

// portion says how much of a file was read, if that can be known.
func portion(name string, read int64) string {
	info, err := os.Stat(name)
	if err != nil || info.Size() < read || info.Size() == 0 { // a pipe, or compressed
		return ""
	}
	return fmt.Sprintf(", %d %%", 100*read/info.Size())
}

// parseSince reads what --since says; empty is the zero time.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %s: use a time such as 2006-01-02T15:04:05Z or 2006-01-02, or a duration such as 2h", s)
}
