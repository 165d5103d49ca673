package agent

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/incident/catalogue"
)

type codeFlags struct {
	directory string
	json      bool
	list      bool
}

// newCodeCommand looks codes up in the catalogue.
func newCodeCommand() *cobra.Command {
	var f codeFlags
	cmd := &cobra.Command{
		Use:   "code [CODE | TEXT... | -]",
		Short: "Say what an error code or an error line means, and what to run first",
		Long: `Looks up a code (ECONNREFUSED, 40P01, OOMKilled, sqlstate.40P01), or finds the code
that a line tells of. With - it reads lines from standard input and prints, for each,
the code and the class it would be given, or a dash. Files of your own are read from
the folder "catalogue" of the state directory, as the agent does.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := f.load()
			if err != nil {
				return err
			}
			switch out := cmd.OutOrStdout(); {
			case f.list:
				for _, e := range all.Entries() {
					if _, err := fmt.Fprintf(out, "%-36s %-16s %s\n", e.ID(), e.Class, e.Meaning); err != nil {
						return err
					}
				}
				return nil
			case len(args) == 1 && args[0] == "-":
				return codesOfLines(out, cmd.InOrStdin(), all)
			case len(args) == 0:
				return errors.New("name a code or give a line: tidewatch code ECONNREFUSED")
			default:
				return f.print(out, all, strings.Join(args, " "))
			}
		},
	}
	cmd.Flags().StringVar(&f.directory, "directory", "", "your own catalogue files; by default the folder catalogue of the state directory")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the entries as JSON lines")
	cmd.Flags().BoolVar(&f.list, "list", false, "print all codes")
	return cmd
}

func (f *codeFlags) load() (*catalogue.Catalogue, error) {
	dir := f.directory
	if dir == "" {
		state, err := stateDir(os.Getenv, os.UserHomeDir)
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(state, "catalogue")
	}
	systems := []fs.FS{catalogue.Shipped()}
	if _, err := os.Stat(dir); err == nil {
		systems = append(systems, os.DirFS(dir))
	} else if f.directory != "" {
		return nil, fmt.Errorf("directory: %w", err)
	}
	return catalogue.Load(systems...)
}

func (f *codeFlags) print(out io.Writer, all *catalogue.Catalogue, text string) error {
	found := all.Find(text)
	if len(found) == 0 {
		if m, ok := all.Matcher().Find(text); ok {
			found = append(found, all.Entry(m.ID))
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("no code is known in %q: tidewatch code --list shows all, docs/catalogue.md how to add one", text)
	}
	for i, e := range found {
		if f.json {
			if err := json.NewEncoder(out).Encode(map[string]any{
				"id": e.ID(), "name": e.Name, "class": e.Class, "meaning": e.Meaning, "causes": e.Causes, "first_command": e.Command, "runbook": e.Runbook,
			}); err != nil {
				return fmt.Errorf("write entry: %w", err)
			}
			continue
		}
		if i > 0 {
			_, _ = fmt.Fprintln(out)
		}
		title := e.ID()
		if e.Name != "" {
			title += ": " + e.Name
		}
		_, _ = fmt.Fprintf(out, "%s (%s)\n%s\n\nLikely causes\n", title, e.Class, e.Meaning)
		for _, c := range e.Causes {
			_, _ = fmt.Fprintf(out, "  - %s\n", c)
		}
		_, _ = fmt.Fprintf(out, "First\n  %s\n", e.Command)
		if e.Runbook != "" {
			_, _ = fmt.Fprintf(out, "Runbook\n  %s\n", e.Runbook)
		}
	}
	return nil
}

// codesOfLines prints id and class of each line, or a dash.
func codesOfLines(out io.Writer, in io.Reader, all *catalogue.Catalogue) error {
	m := all.Matcher()
	w := bufio.NewWriter(out)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := "-"
		if found, ok := m.Find(lines.Text()); ok {
			text = found.ID + "\t" + string(found.Class)
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return fmt.Errorf("write codes: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read lines: %w", err)
	}
	return w.Flush()
}
