package agent

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/logpattern/report"
)

type patternFlags struct {
	top                        int
	json, each, final, content bool
	diff                       bool
}

func newPatternsCommand() *cobra.Command {
	var f patternFlags
	cmd := &cobra.Command{
		Use:   "patterns [FILE... | -]",
		Short: "Show the patterns of logs: count, share, course and an example",
		RunE: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				files = []string{"-"}
			}
			if f.diff && len(files) != 2 {
				return errors.New("--diff compares two files: the log before and the log after")
			}
			return f.run(cmd, files)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.top, "top", 30, "how many patterns are shown; 0 is all")
	flags.BoolVar(&f.json, "json", false, "one JSON object per pattern")
	flags.BoolVar(&f.each, "each", false, "print id and template of each line as known on arrival")
	flags.BoolVar(&f.final, "final", false, "with --each: as known after the last line")
	flags.BoolVar(&f.content, "content", false, "the lines are messages, without time, level or host")
	flags.BoolVar(&f.diff, "diff", false, "compare two logs: new, gone and changed patterns")
	return cmd
}

func (f *patternFlags) run(cmd *cobra.Command, files []string) error {
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
	err := f.report(out, cmd.InOrStdin(), files)
	return errors.Join(err, out.Flush())
}

func (f *patternFlags) report(out *bufio.Writer, stdin io.Reader, files []string) error {
	opt := logpattern.Options{NoHeader: f.content}
	if f.diff {
		before, after := report.New(opt), report.New(opt)
		if err := f.read(before, stdin, files[0], nil); err != nil {
			return err
		}
		if err := f.read(after, stdin, files[1], nil); err != nil {
			return err
		}
		return f.writeDiff(out, report.Diff(before.Rows(), after.Rows()))
	}
	r := report.New(opt)
	var ids []string
	each := func(m logpattern.Match) error {
		switch {
		case f.final:
			ids = append(ids, m.ID)
		case f.each:
			_, err := fmt.Fprintf(out, "%s\t%s\n", m.ID, report.Stars(m.Template))
			return err
		}
		return nil
	}
	for _, name := range files {
		if err := f.read(r, stdin, name, each); err != nil {
			return err
		}
	}
	if f.final {
		for _, id := range ids {
			final, template := r.Final(id)
			fmt.Fprintf(out, "%s\t%s\n", final, report.Stars(template)) // Flush returns the error
		}
		return nil
	}
	if f.each {
		return nil
	}
	return f.writeRows(out, r)
}

// read adds the lines of a file; the time of a line is what it states.
func (f *patternFlags) read(r *report.Report, stdin io.Reader, name string, each func(logpattern.Match) error) error {
	return withFile(name, stdin, func(in io.Reader, _ time.Time) error {
		lines := bufio.NewReaderSize(in, 256<<10)
		for {
			line, err := lines.ReadString('\n')
			if line != "" {
				m := r.Add(trimEnd(line), lineTime(line))
				if each != nil {
					if err := each(m); err != nil {
						return err
					}
				}
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
		}
	})
}

func trimEnd(line string) string {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

// lineTime is the time at the beginning of a line, zero if it states none or one
// without a year. A line that states no zone counts as UTC.
func lineTime(line string) time.Time {
	if stamp, n := logformat.ScanTime(line); n > 0 && !stamp.Yearless {
		return time.Unix(stamp.Wall-int64(stamp.Offset), int64(stamp.Nanos)).UTC()
	}
	return time.Time{}
}

func (f *patternFlags) limit(n int) int {
	if f.top > 0 {
		return min(n, f.top)
	}
	return n
}

func (f *patternFlags) writeRows(out *bufio.Writer, r *report.Report) error {
	rows := r.Rows()
	shown := rows[:f.limit(len(rows))]
	if f.json {
		e := json.NewEncoder(out)
		for i := range shown {
			if err := e.Encode(&shown[i]); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Fprintf(out, "%d lines, %d patterns\n\n", r.Lines(), len(rows))
	for _, row := range shown {
		fmt.Fprintf(out, "%9d %5.1f %% %-*s  %s\n", row.Count, 100*row.Share, report.Points, report.Sparkline(row.Spread), row.Template)
		fmt.Fprintf(out, "%*s%s\n", 21+report.Points, "", row.Example)
	}
	if len(shown) < len(rows) {
		fmt.Fprintf(out, "\n%d more; --top 0 shows all\n", len(rows)-len(shown))
	}
	return nil
}

func (f *patternFlags) writeDiff(out *bufio.Writer, deltas []report.Delta) error {
	shown := deltas[:f.limit(len(deltas))]
	if f.json {
		e := json.NewEncoder(out)
		for i := range shown {
			if err := e.Encode(&shown[i]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, d := range shown {
		fmt.Fprintf(out, "%-8s %9d -> %-9d %s\n", d.Verdict, d.Before, d.After, d.Row.Template)
	}
	fmt.Fprintf(out, "%d patterns differ\n", len(deltas))
	return nil
}
