package agent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

// withDeadLetters lets the replay command also send what servers refused.
func withDeadLetters(cmd *cobra.Command, set *componentSet) *cobra.Command {
	var flags configFlags
	path := ""
	flags.add(cmd)
	cmd.Flags().StringVar(&path, "dead-letter", "", "a dead_letter_file: send what is in it again, to the exporters that wrote it")
	cmd.Use = "replay {OTHER | --dead-letter FILE}"
	cmd.Long += `

With --dead-letter it sends the documents that a server refused, from the
dead_letter_file of an Elasticsearch exporter, once the reason is gone. The
configuration says where the exporters send to. The agent may run. What is refused
again is in FILE.refused afterwards.`
	args, run := cmd.Args, cmd.RunE
	cmd.Args = func(cmd *cobra.Command, given []string) error {
		if path != "" {
			return cobra.NoArgs(cmd, given)
		}
		return args(cmd, given)
	}
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if path == "" {
			return run(cmd, given)
		}
		if err := flags.apply(); err != nil {
			return err
		}
		factories, err := set.factories()
		if err != nil {
			return err
		}
		cfg, err := flags.sources.load(cmd.Context(), factories, buildInfo())
		if err != nil {
			return err
		}
		exporters := map[component.ID]*elasticsearchexporter.Config{}
		for id, c := range cfg.Exporters {
			if c, ok := c.(*elasticsearchexporter.Config); ok {
				exporters[id] = c
			}
		}
		return replayDeadLetters(cmd, exporters, path)
	}
	return cmd
}

// replayDeadLetters sends the letters of a file. The file is moved aside first, so
// that a running agent begins a new one; a run that was interrupted goes on
// with what it had moved.
func replayDeadLetters(cmd *cobra.Command, exporters map[component.ID]*elasticsearchexporter.Config, path string) error {
	aside := path + ".replaying"
	if _, err := os.Stat(aside); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(path, aside); err != nil {
			return fmt.Errorf("replay dead letters: %w", err)
		}
	}
	in, err := os.Open(aside)
	if err != nil {
		return fmt.Errorf("replay dead letters: %w", err)
	}
	defer in.Close()
	refused, err := os.OpenFile(path+".refused", os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("replay dead letters: %w", err)
	}
	defer refused.Close()
	telemetry := component.TelemetrySettings{
		Logger: zap.NewNop(), MeterProvider: noop.NewMeterProvider(), TracerProvider: nooptrace.NewTracerProvider(), Resource: pcommon.NewResource(),
	}
	before, err := refused.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("replay dead letters: %w", err)
	}
	done, err := elasticsearchexporter.Replay(cmd.Context(), telemetry, exporters, in, refused)
	printDeadLetters(cmd.OutOrStdout(), done, path)
	if done.Unsent > 0 || err != nil && done.Read == 0 {
		// Everything is kept where it was: what was stored is stored once by its id.
		if err := errors.Join(refused.Truncate(before), removeIfEmpty(refused)); err != nil {
			return fmt.Errorf("replay dead letters: %w", err)
		}
		return fmt.Errorf("replay dead letters: %w; they are still in %s, run the same command again", err, aside)
	}
	if err := errors.Join(err, refused.Sync(), removeIfEmpty(refused), os.Remove(aside)); err != nil {
		return fmt.Errorf("replay dead letters: %w", err)
	}
	return nil
}

func removeIfEmpty(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() > 0 {
		return err
	}
	return os.Remove(f.Name())
}

func printDeadLetters(w io.Writer, done elasticsearchexporter.Replayed, path string) {
	fmt.Fprintf(w, "%d dead letters: %d stored, %d were there already, %d refused again, %d not sent.\n", done.Read, done.Stored, done.Repeated, done.Refused, done.Unsent)
	for _, reason := range slices.Sorted(maps.Keys(done.Reasons)) {
		fmt.Fprintf(w, "  %d refused: %s\n", done.Reasons[reason], reason)
	}
	if done.Refused > 0 && done.Unsent == 0 {
		fmt.Fprintf(w, "Those that were refused are in %s.\n", path+".refused")
	}
}
