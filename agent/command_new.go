package agent

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/internal/template"
)

//go:embed scaffold
var scaffold embed.FS

// newProject is what the scaffold's templates are filled with.
type newProject struct {
	Name, Type, Module string
	// Version is that of Tidewatch, and Source its directory if not the module proxy's.
	Version, Source string
}

// projectName is lower case with hyphens, so that it makes a directory, a module and, with
// underscores, a component's type.
var projectName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func newNewCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "new", Short: "Start something of your own"}
	var p newProject
	processor := &cobra.Command{
		Use:   "processor NAME",
		Short: "Write the directory NAME with an agent that has a processor of your own",
		Long: `Writes a Go module that is all of Tidewatch and one processor, a plain function, with a
test and a configuration. NAME is lower case with hyphens, such as drop-health-checks.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.Name = args[0]
			if err := p.complete(); err != nil {
				return err
			}
			if err := p.write(p.Name); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is there. Next: cd %s && go mod tidy && go test ./...\n", p.Name, p.Name)
			return err
		},
	}
	processor.Flags().StringVar(&p.Module, "module", "", "path of the Go module (default NAME)")
	processor.Flags().StringVar(&p.Source, "tidewatch", "", "directory with Tidewatch's source, instead of the version that this is")
	cmd.AddCommand(processor)
	return cmd
}

func (p *newProject) complete() error {
	if !projectName.MatchString(p.Name) {
		return fmt.Errorf("%q cannot be the name: write lower case letters, digits and hyphens, such as drop-health-checks", p.Name)
	}
	p.Type = strings.ReplaceAll(p.Name, "-", "_")
	if p.Module == "" {
		p.Module = p.Name
	}
	p.Version = "v" + strings.TrimPrefix(version, "v")
	if p.Source != "" {
		dir, err := filepath.Abs(p.Source)
		if err != nil {
			return fmt.Errorf("find %s: %w", p.Source, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "agent", "main.go")); err != nil {
			return fmt.Errorf("--tidewatch: %s is not Tidewatch's source: %w", dir, err)
		}
		p.Source, p.Version = dir, "v0.0.0"
	} else if version == "" {
		return errors.New("this is no released version: say where its source is with --tidewatch DIRECTORY")
	}
	return nil
}

// write makes the directory, which must not be there yet.
func (p *newProject) write(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	files, err := fs.Glob(scaffold, "scaffold/*.tmpl")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := scaffold.ReadFile(file)
		if err != nil {
			return err
		}
		t, err := template.Parse(path.Base(file), string(text), nil)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, p); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(path.Base(file), ".tmpl")), out.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write a file: %w", err)
		}
	}
	return nil
}
