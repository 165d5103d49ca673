package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/otelcol"
)

// maxJournal is how many lines of the agent's own log are taken.
const maxJournal = 5000

// bundleOptions are what --bundle is asked with.
type bundleOptions struct {
	path, logFile, unit, pprof, state string
	findings                          bool
	config                            configFlags
	page                              page
	doctor                            *doctor
	set                               *componentSet
}

func (o *bundleOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.path, "bundle", "", "write a support bundle without secrets to this file, as FILE.tar.gz")
	f.BoolVar(&o.findings, "bundle-findings", false, "put findings and incidents into the bundle: they quote log lines, without secrets")
	f.StringVar(&o.logFile, "log-file", "", "file with the agent's own log (default: the journal of --unit)")
	f.StringVar(&o.unit, "unit", "tidewatch", "systemd unit of the agent")
	f.StringVar(&o.pprof, "pprof-url", "http://127.0.0.1:1777", "where an agent with TIDEWATCH_DEBUG serves its profiles")
	f.StringVar(&o.state, "state-dir", "", "the agent's state directory ($TIDEWATCH_STATE_DIR)")
	f.StringArrayVar(&o.config.sources.locations, "config", nil, "the agent's configuration, for the bundle; may be repeated (default "+defaultProfile+")")
	f.StringArrayVar(&o.config.sources.sets, "set", nil, "one key=value on top of the configuration, as the agent was started with")
	o.page.flags(f)
}

// write makes the bundle and says where it is.
func (o *bundleOptions) write(ctx context.Context, w io.Writer) error {
	if o.state != "" {
		o.config.env = map[string]*string{"TIDEWATCH_STATE_DIR": &o.state}
	}
	if err := o.config.apply(); err != nil {
		return err
	}
	cfg, configErr := o.load(ctx)
	canaries := secretsOfEnvironment(os.Environ())
	if cfg != nil {
		canaries = append(secretsOf(cfg), canaries...)
	}
	b, err := newBundle(canaries, time.Now())
	if err != nil {
		return err
	}
	if err := b.write(ctx, o.path, o.files(cfg, configErr)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s is written; only you can read it. Its MANIFEST.txt says what is in it, what is not, and how secrets were taken out. Read it before you hand it on.\n", o.path)
	return err
}

func (o *bundleOptions) load(ctx context.Context) (*otelcol.Config, error) {
	factories, err := o.set.factories()
	if err != nil {
		return nil, err
	}
	return o.config.sources.load(ctx, factories, buildInfo())
}

// files are what is gathered, the cheap and telling first.
func (o *bundleOptions) files(cfg *otelcol.Config, configErr error) []bundleFile {
	state := os.Getenv("TIDEWATCH_STATE_DIR")
	text := func(name, about string, write func(ctx context.Context, w io.Writer) error) bundleFile {
		return bundleFile{name: name, about: about, read: func(ctx context.Context) ([]byte, error) {
			var b bytes.Buffer
			err := write(ctx, &b)
			return b.Bytes(), err
		}}
	}
	ask := func(name, about, path string) bundleFile {
		return bundleFile{name: name, about: about, read: func(ctx context.Context) ([]byte, error) { return o.page.ask(ctx, http.MethodGet, path, nil) }}
	}
	get := func(name, about, url string, binary bool) bundleFile {
		return bundleFile{name: name, about: about, binary: binary, read: func(ctx context.Context) ([]byte, error) { return o.get(ctx, url) }}
	}
	all := []bundleFile{
		text("version.txt", "version and how it was built", writeVersion),
		text("host.txt", "system, memory, limits and load of the host", func(_ context.Context, w io.Writer) error { return writeHost(w, state) }),
		text("environment.txt", "TIDEWATCH_* variables of whoever made the bundle", writeEnvironment),
		text("config.yaml", "configuration with all defaults, secrets masked", func(_ context.Context, w io.Writer) error { return writeConfig(w, cfg, configErr) }),
		text("doctor.txt", "what tidewatch doctor says", func(ctx context.Context, w io.Writer) error {
			if err := o.doctor.run(ctx, w); !errors.Is(err, errUnwell) {
				return err
			}
			return nil
		}),
		get("ready.json", "readiness and what it waits for", o.doctor.health, false),
		get("metrics.txt", "the agent's own metrics", o.doctor.telemetry, false),
		ask("overview.json", "the page's first view", "overview"),
		ask("pipeline.json", "pipelines, rates and the delivery ledger", "pipeline"),
		ask("running-config.json", "configuration that the agent runs, secrets masked", "pipeline/config"),
		text("log.txt", "the agent's own log", o.writeLog),
		text("queues.txt", "what waits in the queues: counts and sizes", func(_ context.Context, w io.Writer) error { return inspectQueues(w, filepath.Join(state, "storage")) }),
		text("state.txt", "names, sizes and times of the files of the state directory", func(_ context.Context, w io.Writer) error { return writeListing(w, state) }),
		get("goroutines.txt", "stacks of the agent; needs TIDEWATCH_DEBUG=1", o.pprof+"/debug/pprof/goroutine?debug=2", false),
		get("heap.pb.gz", "heap profile; needs TIDEWATCH_DEBUG=1", o.pprof+"/debug/pprof/heap", true),
	}
	if o.findings {
		all = append(all, ask("findings.json", "findings", "findings?limit=500"), ask("incidents.json", "incidents", "incidents?limit=500"))
	}
	return all
}

// get reads a page; its size is bounded.
func (o *bundleOptions) get(ctx context.Context, url string) ([]byte, error) {
	resp, err := o.doctor.get(ctx, url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", url, err)
	}
	// An agent that is not ready says so with 503 and its reasons.
	if resp.StatusCode/100 != 2 && resp.StatusCode != http.StatusServiceUnavailable {
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return body, nil
}

func writeVersion(_ context.Context, w io.Writer) error {
	fmt.Fprintf(w, "tidewatch %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			fmt.Fprintf(w, "%s=%s\n", s.Key, s.Value)
		}
	}
	return nil
}

// writeHost copies what a Linux says of itself; elsewhere these files are not there.
func writeHost(w io.Writer, state string) error {
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("ask for the host's name: %w", err)
	}
	fmt.Fprintf(w, "host %s, %s/%s, %d CPUs, user %d\n", name, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), os.Getuid())
	for _, file := range []string{
		"/etc/os-release", "/proc/version", "/proc/uptime", "/proc/loadavg", "/proc/meminfo", "/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io",
		"/proc/self/limits", "/proc/self/cgroup", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cpu.max", "/proc/mounts",
	} {
		if text, err := os.ReadFile(file); err == nil {
			fmt.Fprintf(w, "\n== %s\n%s", file, text)
		}
	}
	if info, err := os.Stat(state); err == nil {
		fmt.Fprintf(w, "\n== %s %s\n", state, info.Mode())
	}
	return nil
}

// writeEnvironment has values only where the name does not say that they are secret.
func writeEnvironment(_ context.Context, w io.Writer) error {
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "TIDEWATCH_") {
			continue
		}
		if secretName.MatchString(name) && !strings.HasSuffix(name, "_FILE") {
			value = "[REDACTED]"
		}
		fmt.Fprintf(w, "%s=%s\n", name, maskText(value))
	}
	for _, line := range strayVariables(os.Environ()) {
		fmt.Fprintln(w, line)
	}
	return nil
}

func writeConfig(w io.Writer, cfg *otelcol.Config, loadErr error) error {
	if loadErr != nil {
		for _, line := range configErrors(loadErr) {
			fmt.Fprintln(w, line)
		}
		return nil
	}
	return writeMasked(w, cfg)
}

// writeLog takes the log from its file, else from the journal.
func (o *bundleOptions) writeLog(ctx context.Context, w io.Writer) error {
	if o.logFile == "" {
		out, err := exec.CommandContext(ctx, "journalctl", "--unit", o.unit, "--lines", strconv.Itoa(maxJournal), "--no-pager", "--output", "short-iso").Output()
		if err != nil {
			return fmt.Errorf("ask the journal: %w; give --log-file, or in Kubernetes the output of kubectl logs", err)
		}
		_, err = w.Write(out)
		return err
	}
	f, err := os.Open(o.logFile)
	if err != nil {
		return fmt.Errorf("read --log-file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxBundleFile {
		if _, err := f.Seek(-maxBundleFile, io.SeekEnd); err != nil {
			return fmt.Errorf("read --log-file: %w", err)
		}
	}
	_, err = io.Copy(w, io.LimitReader(f, maxBundleFile))
	return err
}

// writeListing names the files below dir, at most ten thousand.
func writeListing(w io.Writer, dir string) error {
	const most = 10000
	n := 0
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintf(w, "%s: %v\n", path, err)
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it was deleted meanwhile
		}
		if n++; n > most {
			fmt.Fprintln(w, "and more")
			return fs.SkipAll
		}
		fmt.Fprintf(w, "%s %12d %s %s\n", info.Mode(), info.Size(), info.ModTime().UTC().Format(time.RFC3339), path)
		return nil
	})
}
