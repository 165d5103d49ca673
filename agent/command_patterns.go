package agent

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/logpattern/report"
)

type patternFlags struct {
	top                        int
	json, each, final, content bool
	diff, changes              bool
	since                      string
	after                      time.Time // what since says
}

func newPatternsCommand() *cobra.Command {
	var f patternFlags
	cmd := &cobra.Command{
		Use:   "patterns [FILE... | -]",
		Short: "Show the patterns of logs: count, share, course and an example",
		Long: `Reads logs, also those compressed by gzip, and shows their patterns, the most
frequent first. With --changes the lines are those of several services, each
"unix-ms TAB service TAB line", and what is shown are the alerts on what changed,
as JSON lines: new patterns, floods, spikes, silences, flips of the severity,
shifts of a value, deploys. Time is that of the lines.`,
		RunE: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				files = []string{"-"}
			}
			if f.diff && len(files) != 2 {
				return errors.New("--diff compares two files: the log before and the log after")
			}
			var err error
			if f.after, err = parseSince(f.since, time.Now()); err != nil {
				return err
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
	flags.BoolVar(&f.changes, "changes", false, "print the alerts on lines unix-ms TAB service TAB line, as JSON lines")
	flags.StringVar(&f.since, "since", "", "leave out what is older: a time (2006-01-02T15:04:05Z, 2006-01-02) or a duration before now (2h)")
	flags.BoolVar(&f.diff, "diff", false, "compare two logs: new, gone and changed patterns")
	cmd.MarkFlagsMutuallyExclusive("changes", "diff", "each")
	cmd.MarkFlagsMutuallyExclusive("changes", "top")
	return cmd
}

func (f *patternFlags) run(cmd *cobra.Command, files []string) error {
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
	in := &patternInput{stdin: cmd.InOrStdin()}
	if w := cmd.ErrOrStderr(); terminal(w) {
		in.progress = w
	}
	show := f.report
	if f.changes {
		show = f.writeChanges
	}
	err := show(out, in, files)
	return errors.Join(err, out.Flush())
}

func (f *patternFlags) report(out *bufio.Writer, in *patternInput, files []string) error {
	opt := logpattern.Options{NoHeader: f.content}
	if f.diff {
		before, after := report.New(opt), report.New(opt)
		if err := f.read(before, in, files[0], nil); err != nil {
			return err
		}
		if err := f.read(after, in, files[1], nil); err != nil {
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
		if err := f.read(r, in, name, each); err != nil {
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

// read adds the lines of a file; the time of a line is what it states. Lines from
// before --since are left out, and so are those without a time that follow them.
func (f *patternFlags) read(r *report.Report, in *patternInput, name string, each func(logpattern.Match) error) error {
	var clock logformat.Clock
	skip := !f.after.IsZero()
	return in.lines(name, &clock, func(line string) error {
		at := lineTime(&clock, line)
		if !at.IsZero() {
			skip = at.Before(f.after)
		}
		if skip {
			return nil
		}
		m := r.Add(line, at)
		if each == nil {
			return nil
		}
		return each(m)
	})
}

// lineTime is the time at the beginning of a line, zero if it states none. A line
// that states no zone counts as UTC, one without a year as of the latest that has
// been.
func lineTime(clock *logformat.Clock, line string) time.Time {
	stamp, n := logformat.ScanTime(line)
	if n == 0 {
		return time.Time{}
	}
	if ns := clock.Unix(stamp); ns != 0 {
		return time.Unix(0, ns).UTC()
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
		e.SetEscapeHTML(false)
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
		fmt.Fprintf(out, "%*s%s%s\n", 21+report.Points, "", seen(row.First, row.Last), row.Example)
	}
	if len(shown) < len(rows) {
		fmt.Fprintf(out, "\n%d more; --top 0 shows all\n", len(rows)-len(shown))
	}
	return nil
}

// seen says from when to when a pattern came, if its lines state it.
func seen(first, last time.Time) string {
	const layout = "2006-01-02 15:04:05"
	switch {
	case first.IsZero():
		return ""
	case first.Format(layout) == last.Format(layout):
		return "[" + first.Format(layout) + "] "
	case first.Format(time.DateOnly) == last.Format(time.DateOnly):
		return "[" + first.Format(layout) + " - " + last.Format(time.TimeOnly) + "] "
	}
	return "[" + first.Format(layout) + " - " + last.Format(layout) + "] "
}

func (f *patternFlags) writeDiff(out *bufio.Writer, deltas []report.Delta) error {
	shown := deltas[:f.limit(len(deltas))]
	if f.json {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
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
