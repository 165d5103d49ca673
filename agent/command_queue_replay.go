package agent

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

// newQueueReplayCommand brings what another agent has left behind into the queues in
// storageDir.
func newQueueReplayCommand(storageDir func() (string, error)) *cobra.Command {
	return &cobra.Command{
		Use:   "replay OTHER",
		Short: "Add what waits in the queues of another directory; the agents must be stopped",
		Long: `Adds what waits in the queues of another directory, such as one of a host that is
gone, behind what waits in the queues of the same names here. The next start of
the agent delivers it. OTHER is a state directory, the storage in one, or the
folder of one queue; it is only read. No agent may run on either.

If it is interrupted, run it again: it goes on where it stopped, and nothing is
added twice.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := storageDir()
			if err != nil {
				return err
			}
			return replayQueues(cmd.OutOrStdout(), dir, args[0])
		},
	}
}

func replayQueues(w io.Writer, dir, from string) error {
	done, err := segmentstorageextension.Replay(dir, from)
	if len(done) == 0 {
		return err
	}
	fmt.Fprintf(w, "from %s to %s\n", from, dir)
	printReplayed(w, done)
	if err != nil {
		return fmt.Errorf("%w; what is in the table was added: run the same command again, and it goes on from there", err)
	}
	records, damaged := int64(0), int64(0)
	for _, r := range done {
		records += r.Records
		damaged += r.Damaged
	}
	if records > 0 {
		fmt.Fprintf(w, "%d records were added and are delivered when the agent starts.\n", records)
	} else {
		fmt.Fprintln(w, "Nothing was added: nothing waits there, or it was added earlier.")
	}
	if damaged > 0 {
		fmt.Fprintf(w, "%d records are damaged and cannot be brought here. Nothing was changed in %s.\n", damaged, from)
	} else {
		fmt.Fprintf(w, "%s is not needed any more.\n", from)
	}
	return nil
}

func printReplayed(w io.Writer, done []segmentstorageextension.Replayed) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "added items\trecords\tadded earlier\tdamaged\t  queue")
	for _, r := range done {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t  %s\n", r.Items, r.Records, r.EarlierRecords, r.Damaged, r.Name)
	}
	t.Flush()
	for _, r := range done {
		if r.InFlight > 0 {
			fmt.Fprintf(w, "%s: %d items were being sent when that agent ended. They may arrive a second time.\n", r.Name, r.InFlight)
		}
		if r.New && r.Items > 0 {
			fmt.Fprintf(w, "%s: there was no such queue here. Only an agent that has this exporter delivers it.\n", r.Name)
		}
	}
}
