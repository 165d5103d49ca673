package hostprocessor

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"
)

func write(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func with(detect ...string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Name, cfg.Detect = "n", detect
	return cfg
}

func TestTheEnvironmentIsHonoured(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,note=a%2Cb%3Dc, team = blue ,host.name=stated")
	t.Setenv("K8S_NODE_NAME", "node-1")
	got := process(t, with(detectEnv), logs(map[string]any{"team": "mine"}))
	require.Equal(t, "prod", got["deployment.environment.name"])
	require.Equal(t, "a,b=c", got["note"])
	require.Equal(t, "mine", got["team"], "what is there is kept")
	require.Equal(t, "node-1", got["k8s.node.name"])
	require.Equal(t, "n", got["host.name"], "the configuration wins")
	cfg := with(detectEnv)
	cfg.Name = ""
	require.Equal(t, "stated", process(t, cfg, logs(nil))["host.name"])

	t.Setenv("K8S_NODE_NAME", "")
	t.Setenv("NODE_NAME", "node-2")
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	require.NotContains(t, process(t, with(detectEnv), logs(nil)), "k8s.node.name")
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
	require.Equal(t, "node-2", process(t, with(detectEnv), logs(nil))["k8s.node.name"])

	for _, bad := range []string{"novalue", "=x", "a=%zz", strings.Repeat("a=b,", 100)} {
		t.Setenv("OTEL_RESOURCE_ATTRIBUTES", bad)
		require.NotContains(t, process(t, with(detectEnv), logs(nil)), "a")
	}
}

func TestTheOperatingSystemAndTheFirmware(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  map[string]any
	}{
		"debian": {map[string]string{"/etc/os-release": "NAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"}, map[string]any{"os.name": "Debian GNU/Linux", "os.version": "12", "os.description": "Debian GNU/Linux 12"}},
		"usr":    {map[string]string{"/usr/lib/os-release": "NAME=Flatcar\n"}, map[string]any{"os.name": "Flatcar"}},
		"aws":    {map[string]string{"/sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "/sys/class/dmi/id/product_name": "m5.large\n"}, map[string]any{"cloud.provider": "aws", "cloud.platform": "aws_ec2", "host.type": "m5.large"}},
		"gcp":    {map[string]string{"/sys/class/dmi/id/product_name": "Google Compute Engine\n"}, map[string]any{"cloud.provider": "gcp", "cloud.platform": "gcp_compute_engine"}},
		"azure":  {map[string]string{"/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n", "/sys/class/dmi/id/chassis_asset_tag": azureTag + "\n"}, map[string]any{"cloud.provider": "azure", "cloud.platform": "azure.vm"}},
		"hyperv": {map[string]string{"/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n"}, map[string]any{}},
		"metal":  {map[string]string{"/sys/class/dmi/id/sys_vendor": "Dell Inc.\n"}, map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := with(detectOS, detectDMI)
			cfg.RootPath = t.TempDir()
			for path, text := range c.files {
				write(t, cfg.RootPath, path, text)
			}
			got := process(t, cfg, logs(nil))
			for _, known := range []string{"host.name", "host.arch", "os.type"} {
				delete(got, known)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestContainerID(t *testing.T) {
	id, pod := strings.Repeat("4f", 32), strings.Repeat("ab", 32)
	for name, c := range map[string]struct{ cgroup, mountinfo, want string }{
		"version 1": {"12:cpu:/kubepods/burstable/pod" + pod + "/" + id + "\n", "", id},
		"systemd":   {"0::/system.slice/docker-" + id + ".scope\n", "", id},
		"hidden":    {"0::/\n", "1 2 0:1 / / rw\n611 596 8:1 /var/lib/docker/containers/" + id + "/hostname /etc/hostname rw\n", id},
		"a host":    {"0::/user.slice\n", "25 30 0:24 /" + pod + " /mnt rw\n", ""},
		"nothing":   {"", "", ""},
	} {
		dir := t.TempDir()
		write(t, dir, "cgroup", c.cgroup)
		write(t, dir, "mountinfo", c.mountinfo)
		require.Equal(t, c.want, containerID(dir), name)
	}
	require.Empty(t, containerID(filepath.Join(t.TempDir(), "none")))
}

func TestTheCloudsMetadata(t *testing.T) {
	for provider, answer := range map[string]http.HandlerFunc{
		"aws": func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
				_, _ = w.Write([]byte("t"))
			case r.Header.Get("X-aws-ec2-metadata-token") == "t":
				_, _ = w.Write([]byte(`{"region":"r","availabilityZone":"r-b","accountId":"42","instanceId":"i-1","instanceType":"t"}`))
			default:
				w.WriteHeader(http.StatusUnauthorized)
			}
		},
		"gcp": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Metadata-Flavor") != "Google" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			_, _ = w.Write([]byte(map[string]string{"instance/zone": "projects/1/zones/r-b", "project/project-id": "42", "instance/id": "i-1", "instance/machine-type": "projects/1/machineTypes/t"}[strings.TrimPrefix(r.URL.Path, "/computeMetadata/v1/")]))
		},
		"azure": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Metadata") != "true" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			_, _ = w.Write([]byte(`{"location":"r","zone":"r-b","subscriptionId":"42","vmId":"i-1","vmSize":"t"}`))
		},
	} {
		t.Run(provider, func(t *testing.T) {
			s := httptest.NewServer(answer)
			t.Cleanup(s.Close)
			cfg := with(detectMetadata)
			cfg.MetadataEndpoint, cfg.MetadataTimeout, cfg.RootPath = s.URL, time.Minute, t.TempDir()
			sink := new(consumertest.LogsSink)
			p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(componentType), cfg, sink)
			require.NoError(t, err)
			require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
			var got map[string]any
			require.Eventually(t, func() bool {
				sink.Reset()
				require.NoError(t, p.ConsumeLogs(t.Context(), logs(nil)))
				got = sink.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes().AsRaw()
				return got["cloud.provider"] == provider
			}, time.Minute, 5*time.Millisecond)
			for key, want := range map[string]string{"cloud.region": "r", "cloud.availability_zone": "r-b", "cloud.account.id": "42", "host.id": "i-1", "host.type": "t"} {
				require.Equal(t, want, got[key], key)
			}
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

// A service that never answers, and one that speaks nonsense, cost nothing but the attributes.
func TestACloudThatDoesNotAnswerHoldsNothingUp(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(s.Close)
	cfg := with(detectMetadata)
	cfg.MetadataEndpoint, cfg.MetadataTimeout = s.URL, time.Hour
	require.NotContains(t, process(t, cfg, logs(nil)), "cloud.provider")
	nonsense := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(nonsense.Close)
	_, err := askCloud(t.Context(), nonsense.URL)
	require.ErrorContains(t, err, "418")
}
