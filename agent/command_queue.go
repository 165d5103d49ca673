package agent

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

// newQueueCommand looks after the queues on disk.
func newQueueCommand(set *componentSet) *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "Look at, check, repair and replay the queues and the state on disk",
	}
	cmd.PersistentFlags().StringVar(&dir, "dir", "", "directory of segment_storage (default: storage in the state directory)")
	storageDir := func() (string, error) {
		if dir != "" {
			return dir, nil
		}
		state, err := stateDir(os.Getenv, os.UserHomeDir)
		return filepath.Join(state, "storage"), err
	}
	add := func(use, short, long string, run func(w io.Writer, dir string) error) {
		cmd.AddCommand(&cobra.Command{Use: use, Short: short, Long: long, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := storageDir()
			if err != nil {
				return err
			}
			return run(cmd.OutOrStdout(), dir)
		}})
	}
	add("inspect", "Say what is in the queues", "Says what is in the queues and how much room they take. It changes nothing and may run beside the agent.", inspectQueues)
	add("verify", "Read and check every byte; exit code 1 if something is damaged",
		"Reads every byte of the queues and of the state and checks every entry. It changes nothing\nand may run beside the agent. Exit code 1 if something is damaged.", verifyQueues)
	add("repair", "Move what is damaged aside and make the rest whole; the agent must be stopped",
		"Does what the agent does by itself when it starts: moves damaged records to the folder quarantine\nand lets queues find all of their items again. The agent must be stopped.", repairQueues)
	cmd.AddCommand(withDeadLetters(newQueueReplayCommand(storageDir), set))
	return cmd
}

func inspectQueues(w io.Writer, dir string) error {
	found, err := segmentstorageextension.Inspect(dir)
	if err != nil {
		return fmt.Errorf("inspect queues: %w", err)
	}
	printStorages(w, dir, found)
	for _, s := range found {
		if s.Log.Damage.Records > 0 || s.Missing > 0 || s.Unnamed > 0 {
			fmt.Fprintf(w, "\n%s: %d damaged records, %d items missing, %d items that the queue has forgotten.\nThe agent mends this when it starts; tidewatch queue repair does it now.\n",
				s.Name, s.Log.Damage.Records, s.Missing, s.Unnamed)
		}
	}
	return nil
}

func printStorages(w io.Writer, dir string, found []segmentstorageextension.Storage) {
	fmt.Fprintln(w, dir)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "waiting items\trecords\tin flight\tneeded\ton disk\tfiles\t  storage")
	for _, s := range found {
		items, records, flight := "", "", ""
		if s.Queue {
			items, records, flight = strconv.Itoa(s.Items), strconv.FormatInt(s.Records, 10), strconv.Itoa(s.InFlight)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t  %s\n", items, records, flight, readableBytes(s.Log.AliveBytes), readableBytes(s.Log.Bytes), s.Log.Segments, s.Name)
	}
	t.Flush()
}

func readableBytes(n int64) string {
	const unit = 1024
	size, name := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < unit {
			break
		}
		size, name = size/unit, next
	}
	if name == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, name)
}

func verifyQueues(w io.Writer, dir string) error {
	found, err := segmentstorageextension.Verify(dir)
	if err != nil {
		return fmt.Errorf("verify queues: %w", err)
	}
	damaged := 0
	for _, name := range slices.Sorted(maps.Keys(found)) {
		records, bytes := 0, int64(0)
		for _, s := range found[name] {
			records, bytes = records+s.Records, bytes+s.Bytes
			for _, d := range s.Damaged {
				damaged++
				fmt.Fprintf(w, "%s: %d bytes at %d are damaged\n", s.Path, d.Bytes, d.Offset)
			}
			if s.Unfinished > 0 {
				fmt.Fprintf(w, "%s: the last %d bytes are an unfinished write\n", s.Path, s.Unfinished)
			}
		}
		fmt.Fprintf(w, "%s: %d files, %d entries, %s read\n", name, len(found[name]), records, readableBytes(bytes))
	}
	if damaged > 0 {
		return fmt.Errorf("verify queues: damaged places: %d; stop the agent and run tidewatch queue repair, or restart the agent, which does the same", damaged)
	}
	fmt.Fprintln(w, "Every entry is whole.")
	return nil
}

func repairQueues(w io.Writer, dir string) error {
	found, err := segmentstorageextension.Repair(dir)
	if err != nil {
		return fmt.Errorf("repair queues: %w", err)
	}
	printStorages(w, dir, found)
	for _, s := range found {
		if d := s.Log.Damage; d.Records > 0 {
			fmt.Fprintf(w, "\n%s: %s in %d places were damaged. Copies are in %s.\n",
				s.Name, readableBytes(d.Bytes), d.Records, filepath.Join(dir, s.Name, "quarantine"))
		}
		if s.Lost > 0 || s.Missing > 0 {
			fmt.Fprintf(w, "%s: %d records in %d items are lost; the agent counts them as dropped (damaged) when it starts.\n", s.Name, s.Lost, s.Missing)
		}
		if s.Unnamed > 0 {
			fmt.Fprintf(w, "%s: %d items that the queue had forgotten were brought back.\n", s.Name, s.Unnamed)
		}
	}
	return nil
}
