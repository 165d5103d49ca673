package agent

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"
)

// configFlags are the flags of every command that reads the configuration.
type configFlags struct {
	sources sources
	env     map[string]*string // environment variable -> value of its flag
}

// environment names the variables that builtin profiles read, with the flag of
// the same meaning.
var environment = []struct{ variable, flag, usage string }{
	{"TIDEWATCH_STATE_DIR", "state-dir", "directory for checkpoints, queues and learned baselines"},
	{"TIDEWATCH_ELASTICSEARCH_URL", "elasticsearch-url", "export logs and traces to this Elasticsearch"},
	{"TIDEWATCH_LOKI_URL", "loki-url", "export logs to this Loki"},
	{"TIDEWATCH_REMOTE_WRITE_URL", "remote-write-url", "export metrics to this Prometheus remote-write endpoint"},
	{"TIDEWATCH_ALERTMANAGER_URL", "alertmanager-url", "send incidents as alerts to this Alertmanager, or to several with commas"},
	{"TIDEWATCH_TICKET_SYSTEM", "ticket-system", "open tickets for incidents: github, gitlab, jira, servicenow, slack, slack_webhook, pagerduty, generic"},
	{"TIDEWATCH_TICKET_PROJECT", "ticket-project", "where tickets go: owner/repository, project, table or channel"},
	{"TIDEWATCH_ALERT_WEBHOOK", "alert-webhook", "take the alerts of an Alertmanager at this address, for example 127.0.0.1:4324"},
	{"TIDEWATCH_KAFKA_BROKERS", "kafka-brokers", "brokers of builtin:kafka and builtin:gateway, host:port with commas"},
	{"TIDEWATCH_INSTANCE", "instance", "lasting name of a gateway: after a restart it has its partitions again"},
	{"TIDEWATCH_PROMETHEUS_URL", "prometheus-url", "a gateway learns from the history that this Prometheus has"},
	{"TIDEWATCH_REDACT", "redact", "besides passwords, keys and tokens take these out of logs and traces: email, card, iban, ..., pii for all; none for nothing at all"},
	{"TIDEWATCH_DEBUG", "debug", "any value: serve pprof on 127.0.0.1:1777"},
}

func (f *configFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.sources.locations, "config", nil, "configuration file or builtin:NAME; may be repeated, later ones override (default "+defaultProfile+")")
	flags.StringArrayVar(&f.sources.sets, "set", nil, "one key=value on top of the configuration, for example exporters::loki::timeout=10s; may be repeated")
	f.env = map[string]*string{}
	for _, e := range environment {
		f.env[e.variable] = flags.String(e.flag, "", e.usage+" ($"+e.variable+")")
	}
}

// apply makes the flags visible as the environment variables that profiles
// read, and settles the state directory.
func (f *configFlags) apply() error {
	for variable, value := range f.env {
		if *value == "" {
			continue
		}
		if err := os.Setenv(variable, *value); err != nil {
			return fmt.Errorf("set %s: %w", variable, err)
		}
	}
	limitMemory() // profiles ask for the limit
	dir, err := stateDir(os.Getenv, os.UserHomeDir)
	if err != nil {
		return err
	}
	return os.Setenv("TIDEWATCH_STATE_DIR", dir)
}

// stateDir is the one that was given, else systemd's state directory, else the user's
// by the XDG base directory specification.
func stateDir(getenv func(string) string, home func() (string, error)) (string, error) {
	if dir := getenv("TIDEWATCH_STATE_DIR"); dir != "" {
		return dir, nil
	}
	if dir := getenv("STATE_DIRECTORY"); dir != "" {
		return filepath.SplitList(dir)[0], nil
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tidewatch"), nil
	}
	dir, err := home()
	if err != nil {
		return "", fmt.Errorf("find a state directory: %w; give one with --state-dir", err)
	}
	return filepath.Join(dir, ".local", "state", "tidewatch"), nil
}

// makeStateDir makes sure that state can be written; it is for the owner only,
// since queues hold log lines.
func makeStateDir(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, ".probe-*"); err == nil {
			return errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	return fmt.Errorf("state directory %s cannot be used: %w; give another one with --state-dir", dir, err)
}

func newRunCommand(set *componentSet) *cobra.Command {
	var flags configFlags
	drain := 30 * time.Second
	cmd := &cobra.Command{
		Use:   "tidewatch",
		Short: "Observe this host: logs, metrics and traces, what is normal, and what is not",
		Long: `Without arguments Tidewatch observes this host with the profile builtin:host and
serves a page that shows what it sees. SIGHUP reloads the configuration, SIGTERM
drains and stops.`,
		Args:          noCommand,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.apply(); err != nil {
				return err
			}
			if err := makeStateDir(os.Getenv("TIDEWATCH_STATE_DIR")); err != nil {
				return err
			}
			defer tuneCollector()()
			factories, err := set.factories()
			if err != nil {
				return err
			}
			watcher, err := findSupervisor()
			if err != nil {
				return err
			}
			defer watcher.close()
			received := make(chan os.Signal, 3) // one of each kind may wait
			signal.Notify(received, handled...)
			defer signal.Stop(received)
			r := &runner{
				factories:  factories,
				info:       buildInfo(),
				sources:    flags.sources,
				drain:      drain,
				ready:      func(cfg *otelcol.Config) { announce(cmd.OutOrStdout(), cfg) },
				supervisor: watcher,
			}
			return r.run(cmd.Context(), received)
		},
	}
	flags.add(cmd)
	cmd.Flags().DurationVar(&drain, "drain-timeout", drain, "how long a shutdown may take to deliver what was read; the rest stays in the queues on disk")
	return cmd
}

// noCommand refuses what is no subcommand, and says which may have been meant.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return fmt.Errorf("there is no command %q; tidewatch --help lists them", args[0])
}
