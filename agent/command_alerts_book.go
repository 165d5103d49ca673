package agent

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/drill"
)

func newAlertsBookCommand() *cobra.Command {
	var dir, out string
	cmd := &cobra.Command{
		Use:   "book",
		Short: "Write the book of alerts for people: what each means, who owns it, what to do",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := checkedLedger(cmd, dir)
			if err != nil {
				return err
			}
			drills, err := drillsOf(dir)
			if err != nil {
				return err
			}
			files, err := alerts.RenderBook(l, alerts.Options{Drills: drills})
			if err != nil {
				return err
			}
			if err := writeRendered(out, files); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d rules in %s\n", len(l.Enabled()), filepath.Join(out, "book", "index.html"))
			return nil
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().StringVar(&out, "out", "alerts-rendered", "folder to write to")
	return cmd
}

// drillsOf are the drills on record in a folder, the newest first.
func drillsOf(dir string) ([]alerts.Drill, error) {
	if dir == "" {
		return nil, nil
	}
	records, err := drill.ReadRecords(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	var list []alerts.Drill
	for i := range records {
		r := &records[i]
		d := alerts.Drill{Date: r.Date, Passed: r.Result.Passed, Alerts: r.Alerts, Notifications: r.Result.Notifications}
		for _, c := range r.Result.Causes {
			d.Causes = append(d.Causes, c.Rule)
		}
		list = append(list, d)
	}
	return list, nil
}
