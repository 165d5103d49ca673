package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/alerts/drill"
)

// fakeAlertmanager, in the environment, makes this program one: it tells at once of each cause and bystander, by the role
// that the test expects, and of nothing else.
const fakeAlertmanager = "TIDEWATCH_TEST_FAKE_ALERTMANAGER"

func init() {
	if rule := os.Getenv(fakeAlertmanager); rule != "" {
		if err := beAlertmanager(rule); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

// beAlertmanager serves as much of an Alertmanager as a drill needs.
func beAlertmanager(rule string) error {
	if rule == "broken" {
		return fmt.Errorf("no such flag: %s", os.Args[1])
	}
	name, _ := strings.CutPrefix(os.Args[1], "--config.file=")
	config, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "level=INFO msg=\"Listening on\" address=%s\n", listener.Addr())
	return http.Serve(listener, alertmanagerHandler(config, rule)) //nolint:gosec // it lives for a test
}

func alertmanagerHandler(config []byte, rule string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /api/v2/status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"config": map[string]any{"original": string(config)}, "versionInfo": map[string]any{"version": "0.0.1"}})
	})
	mux.HandleFunc("GET /api/v2/alerts", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) })
	mux.HandleFunc("POST /api/v2/alerts", func(_ http.ResponseWriter, r *http.Request) {
		var alerts []struct{ Labels map[string]string }
		_ = json.NewDecoder(r.Body).Decode(&alerts)
		for _, a := range alerts {
			if a.Labels["alertname"] == rule {
				notifyDrill(config, a.Labels)
			}
		}
	})
	return mux
}

// notifyDrill sends one alert to the receiver of its owner and severity, as the configuration has it.
func notifyDrill(config []byte, labels map[string]string) {
	var c struct {
		Receivers []struct {
			Name     string
			Webhooks []struct{ URL string } `yaml:"webhook_configs"`
		}
	}
	_ = yaml.Unmarshal(config, &c)
	for _, r := range c.Receivers {
		if strings.HasSuffix(r.Name, labels["owner"]+"-"+labels["severity"]) {
			body, _ := json.Marshal(map[string]any{"receiver": r.Name, "alerts": []any{map[string]any{"status": "firing", "labels": labels}}})
			if resp, err := http.Post(r.Webhooks[0].URL, "application/json", bytes.NewReader(body)); err == nil {
				resp.Body.Close()
			}
		}
	}
}

// hasty are flags of a drill of a second.
func hasty(dir string, more ...string) []string {
	return append([]string{
		"alerts", "drill", "--alertmanager-binary", os.Args[0], "--dir", dir, "--speed", "60", "--length", "60s", "--scenario", "single", "--cause", "HostMemoryExhausted", "--bystanders", "0", "--seed", "4",
		"--max-lag", "1000h", "--cause-within", "1000h", // however busy the machine is
	}, more...)
}

func TestAlertsDrill(t *testing.T) {
	t.Setenv(fakeAlertmanager, "HostMemoryExhausted")
	dir := t.TempDir()
	out, err := execute(t, hasty(dir)...)
	require.NoError(t, err, out)
	require.Contains(t, out, "single, seed 4: PASSED")
	require.Contains(t, out, "cause       HostMemoryExhausted at ")
	require.Contains(t, out, "platform-critical 1; misrouted 0, lost 0")
	records, err := drill.ReadRecords(os.DirFS(dir))
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.True(t, records[0].Result.Passed)
	require.Equal(t, "0.0.1", records[0].Alertmanager)
	require.Equal(t, 60.0, records[0].Speed)
	require.Len(t, records[0].Config, 12)
}

// A drill in which nobody is told of the cause fails, and says so in JSON as well.
func TestAlertsDrillFails(t *testing.T) {
	t.Setenv(fakeAlertmanager, "none of these")
	out, err := execute(t, hasty(t.TempDir(), "--json")...)
	require.EqualError(t, err, "1 of 1 drills are over the budget")
	var records []drill.Record
	require.NoError(t, json.Unmarshal([]byte(out), &records))
	require.Equal(t, 1, records[0].Result.Lost)
	require.Contains(t, records[0].Result.Reasons[0], "was not told")
}

func TestAlertsDrillCannotStart(t *testing.T) {
	t.Setenv(fakeAlertmanager, "broken")
	_, err := execute(t, hasty(t.TempDir())...)
	require.ErrorContains(t, err, "start Alertmanager: it ended, and said last: no such flag: --config.file=")
	_, err = execute(t, "alerts", "drill", "--alertmanager-binary", filepath.Join(t.TempDir(), "none"), "--scenario", "single")
	require.ErrorContains(t, err, "start Alertmanager")
}

// A running Alertmanager is used only when it calls nobody but the drill.
func TestAlertsDrillRefusesForeignReceivers(t *testing.T) {
	s := httptest.NewServer(alertmanagerHandler([]byte("receivers: [{name: ops}]"), "none"))
	t.Cleanup(s.Close)
	_, err := execute(t, "alerts", "drill", "--alertmanager", s.URL, "--scenario", "single", "--listen", "127.0.0.1:0", "--write-config", "")
	require.ErrorContains(t, err, "needs the --listen that its configuration was written with")
	name := filepath.Join(t.TempDir(), "am.yml")
	_, err = execute(t, "alerts", "drill", "--write-config", name, "--listen", "127.0.0.1:9")
	require.NoError(t, err)
	config, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, drill.Own(string(config)))
	require.Contains(t, string(config), "http://127.0.0.1:9/")

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	_, err = execute(t, "alerts", "drill", "--alertmanager", s.URL, "--scenario", "single", "--listen", address)
	require.ErrorContains(t, err, "listen for notifications")
	require.NoError(t, listener.Close())
	r := drillRun{flags: &drillFlags{}, url: s.URL}
	_, err = r.inspect(t.Context())
	require.ErrorContains(t, err, `its receiver "ops" is not the drill's own: real people could be called`)
	r.flags.foreign = true
	version, err := r.inspect(t.Context())
	require.NoError(t, err)
	require.Equal(t, "0.0.1", version)
}

func TestAlertsDrillFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"name either --alertmanager-binary":  nil,
		"--speed must be 1":                  {"--alertmanager", "http://x", "--speed", "2"},
		"one --scenario at a time":           {"--alertmanager", "http://x"},
		"--speed must be from 1 to 60":       {"--alertmanager-binary", "x", "--speed", "0.5"},
		"--cause-within must be positive":    {"--alertmanager-binary", "x", "--cause-within", "0s"},
		"is none of single":                  {"--alertmanager-binary", "x", "--scenario", "double"},
		"needs --listen with a port":         {"--write-config", "x"},
		"there is no rule Nobody":            {"--alertmanager-binary", "x", "--cause", "Nobody"},
		"read configuration of Alertmanager": {"--alertmanager-binary", "x", "--config", "/none"},
		"read own rules":                     {"--alertmanager-binary", "x", "--dir", "/none"},
	} {
		_, err := execute(t, append([]string{"alerts", "drill"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}
