package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/drill"
)

// drillFlags of `tidewatch alerts drill`.
type drillFlags struct {
	binary, url, listen, config, writeConfig, dir string
	scenario, cause                               string
	seed                                          uint64
	alerts, causes, bystanders                    int
	speed                                         float64
	length                                        time.Duration
	most                                          int
	within, maxLag                                time.Duration
	foreign, json                                 bool
}

func newAlertsDrillCommand() *cobra.Command {
	var f drillFlags
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Fire a storm of alerts at a real Alertmanager and count what people would get",
		Long: `Makes a storm out of the ledger (a true cause, and hundreds of alerts that follow from
it), sends it to a real Alertmanager with the generated configuration, and says how many
notifications people would have got, whether the cause was among them and how soon, and
whether each went to its owner. It fails when that is over the budget.

Nobody is called. The drill starts an Alertmanager of its own on 127.0.0.1, with each receiver
replaced by one of the drill. A running one (--alertmanager) is used only when its receivers are the
drill's: --write-config writes the configuration for it. With --dir, a record is kept in its folder drills.

  tidewatch alerts drill --alertmanager-binary ./alertmanager
  tidewatch alerts drill --alertmanager-binary ./alertmanager --config /etc/alertmanager/alertmanager.yml --scenario single --seed 7`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.binary, "alertmanager-binary", "", "program of Alertmanager 0.27 or later, to be started for the drill")
	flags.StringVar(&f.url, "alertmanager", "", "URL of a running Alertmanager instead, whose receivers are the drill's")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "where the drill takes notifications")
	flags.StringVar(&f.config, "config", "", "configuration of Alertmanager to try; the one of the ledger when empty")
	flags.StringVar(&f.writeConfig, "write-config", "", "only write the configuration with the drill's receivers to this file; needs --listen with a port")
	dirFlag(cmd, &f.dir)
	flags.StringVar(&f.scenario, "scenario", "all", strings.Join(drill.Scenarios, ", ")+", or all")
	flags.StringVar(&f.cause, "cause", "", "the rule that is the cause; chosen by the seed when empty")
	flags.Uint64Var(&f.seed, "seed", 1, "the same seed makes the same storm")
	flags.IntVar(&f.alerts, "alerts", 500, "how many alerts fire")
	flags.IntVar(&f.causes, "causes", 0, "how many true causes; 0 is one, and three in the scenario several")
	flags.IntVar(&f.bystanders, "bystanders", 2, "alerts elsewhere that have nothing to do with a cause")
	flags.Float64Var(&f.speed, "speed", 10, "how much faster than in life: all waiting of storm and Alertmanager is that much shorter; 1 with --alertmanager")
	flags.DurationVar(&f.length, "length", 0, "how long the storm is watched, in its own time; 7m when 0")
	flags.IntVar(&f.most, "max-notifications", -1, "notifications allowed for a cause; each bystander may have one more; 3 when negative, 6 where the cause is late")
	flags.DurationVar(&f.within, "cause-within", time.Minute, "how soon after it fires a cause must be told")
	flags.DurationVar(&f.maxLag, "max-lag", 0, "how late an alert may be sent before the result says nothing, in the storm's own time; a quarter of group_wait when 0")
	flags.BoolVar(&f.foreign, "notify-people", false, "use a running Alertmanager also if its receivers are NOT the drill's: real people are called")
	flags.BoolVar(&f.json, "json", false, "print the records as JSON")
	return cmd
}

func (f *drillFlags) run(cmd *cobra.Command) error {
	if err := f.validate(cmd); err != nil {
		return err
	}
	l, err := ledgerWith(f.dir)
	if err != nil {
		return err
	}
	config, err := f.configuration(l)
	if err != nil {
		return err
	}
	if f.writeConfig != "" {
		p, err := drill.Configure(config, "http://"+f.listen+"/", 1)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.writeConfig, p.Config, 0o600); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Start an Alertmanager with %s, then: tidewatch alerts drill --alertmanager URL --listen %s --scenario NAME\n", f.writeConfig, f.listen)
		return nil
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	records, err := f.all(ctx, l, config)
	if err != nil {
		return err
	}
	return f.tell(cmd, records)
}

func (f *drillFlags) validate(cmd *cobra.Command) error {
	if f.url != "" && !cmd.Flags().Changed("speed") {
		f.speed = 1
	}
	switch {
	case f.writeConfig != "" && (f.listen == "" || strings.HasSuffix(f.listen, ":0")):
		return errors.New("--write-config needs --listen with a port, for example 127.0.0.1:9499")
	case f.writeConfig != "":
		return nil
	case (f.binary == "") == (f.url == ""):
		return errors.New("name either --alertmanager-binary, to start one for the drill, or --alertmanager, one that runs")
	case f.url != "" && f.speed != 1:
		return errors.New("--speed must be 1 with --alertmanager: its own times are as they are")
	case f.url != "" && f.scenario == "all":
		return errors.New("--alertmanager takes one --scenario at a time: the alerts of one storm would explain those of the next")
	case f.url != "" && strings.HasSuffix(f.listen, ":0") && !f.foreign:
		return errors.New("--alertmanager needs the --listen that its configuration was written with")
	case !(f.speed >= 1 && f.speed <= 60):
		return errors.New("--speed must be from 1 to 60: faster than that an Alertmanager is slower than the storm")
	case f.within <= 0:
		return errors.New("--cause-within must be positive")
	case f.scenario != "all" && !slices.Contains(drill.Scenarios, f.scenario):
		return fmt.Errorf("--scenario %q is none of %s, all", f.scenario, strings.Join(drill.Scenarios, ", "))
	}
	return nil
}

// configuration is the one that is tried.
func (f *drillFlags) configuration(l alerts.Ledger) ([]byte, error) {
	if f.config != "" {
		config, err := os.ReadFile(f.config)
		if err != nil {
			return nil, fmt.Errorf("read configuration of Alertmanager: %w", err)
		}
		return config, nil
	}
	files, err := alerts.RenderAlertmanager(l)
	if err != nil {
		return nil, err
	}
	for _, config := range files {
		return config, nil
	}
	return nil, errors.New("the ledger has no owners.yaml, and so no configuration of Alertmanager")
}

func (f *drillFlags) settings(scenario string) drill.Settings {
	s := drill.DefaultSettings(scenario, f.seed)
	s.Alerts, s.Bystanders, s.Cause = f.alerts, f.bystanders, f.cause
	if f.causes > 0 && scenario == drill.ScenarioSeveral || f.causes > 0 && f.scenario != "all" {
		s.Causes = f.causes
	}
	if f.length > 0 {
		s.Length = f.length
	}
	return s
}

func (f *drillFlags) budget(scenario string) drill.Budget {
	b := drill.DefaultBudget(scenario)
	if f.most >= 0 {
		b.Notifications = f.most
	}
	b.CauseWithin = f.within
	return b
}

// all runs the scenarios side by side, each with an Alertmanager of its own.
func (f *drillFlags) all(ctx context.Context, l alerts.Ledger, config []byte) ([]drill.Record, error) {
	scenarios := []string{f.scenario}
	if f.scenario == "all" {
		scenarios = drill.Scenarios
	}
	records, errs := make([]drill.Record, len(scenarios)), make([]error, len(scenarios))
	var wg sync.WaitGroup
	for i, scenario := range scenarios {
		storm, err := drill.Generate(l, f.settings(scenario))
		if err != nil {
			errs[i] = fmt.Errorf("make storm %s: %w", scenario, err)
			break
		}
		wg.Go(func() {
			r := drillRun{flags: f, storm: &storm, owners: l.Owners, config: config}
			if records[i], errs[i] = r.run(ctx); errs[i] != nil {
				errs[i] = fmt.Errorf("drill %s: %w", scenario, errs[i])
			}
		})
	}
	wg.Wait()
	return records, errors.Join(errs...)
}

// tell prints the records, keeps them, and fails if one of them failed.
func (f *drillFlags) tell(cmd *cobra.Command, records []drill.Record) error {
	failed := 0
	for i := range records {
		r := &records[i]
		if !r.Result.Passed {
			failed++
		}
		if f.dir != "" {
			if err := keep(f.dir, r); err != nil {
				return err
			}
		}
		if f.json {
			continue
		}
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		if err := r.WriteText(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	if f.json {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		if err := e.Encode(records); err != nil {
			return fmt.Errorf("write records: %w", err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d drills are over the budget", failed, len(records))
	}
	return nil
}

func keep(dir string, r *drill.Record) error {
	text, err := r.Encode()
	if err != nil {
		return err
	}
	name := filepath.Join(dir, filepath.FromSlash(r.File()))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("keep record of drill: %w", err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return fmt.Errorf("keep record of drill: %w", err)
	}
	return nil
}
