package hostprocessor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/signals"
)

// Names of the semantic conventions.
const (
	attrOSName        = "os.name"
	attrOSVersion     = "os.version"
	attrOSDescription = "os.description"
	attrCloudProvider = "cloud.provider"
	attrCloudPlatform = "cloud.platform"
	attrCloudRegion   = "cloud.region"
	attrCloudZone     = "cloud.availability_zone"
	attrCloudAccount  = "cloud.account.id"
	attrHostType      = "host.type"
)

const (
	// maxStated bounds the attributes that the environment may state, maxFile a file.
	maxStated = 64
	maxFile   = 1 << 20
)

// detect finds out what is wanted and takes no time: all but the cloud's metadata.
func (h *host) detect() []attr {
	var found []attr
	for _, what := range h.cfg.Detect {
		switch what {
		case detectEnv:
			stated, err := parseStated(os.Getenv("OTEL_RESOURCE_ATTRIBUTES"))
			if err != nil {
				h.log.Warn("OTEL_RESOURCE_ATTRIBUTES is left out", zap.Error(err))
			}
			found = append(found, stated...)
			if node := nodeName(); node != "" {
				found = append(found, attr{signals.AttrK8sNode, node})
			}
		case detectOS:
			found = append(found, osRelease(h.cfg.RootPath)...)
		case detectDMI:
			found = append(found, firmware(h.cfg.RootPath)...)
		case detectContainer:
			if id := containerID("/proc/self"); id != "" {
				found = append(found, attr{signals.AttrContainerID, id})
			}
		case detectMetadata: // at the start
		}
	}
	return found
}

// nodeName is the node's, as pods are given it by the downward API.
func nodeName() string {
	if node := os.Getenv("K8S_NODE_NAME"); node != "" || os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return node
	}
	return os.Getenv("NODE_NAME")
}

// parseStated reads key=value,key=value with percent-encoded values, as the specification
// of OpenTelemetry has it. A part that is wrong makes all of it void.
func parseStated(text string) ([]attr, error) {
	var stated []attr
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || key == "" || err != nil {
			return nil, fmt.Errorf("parse attribute %q: it must be key=value, with %%2C for a comma", part)
		}
		if len(stated) == maxStated {
			return nil, fmt.Errorf("there are more than %d attributes", maxStated)
		}
		stated = append(stated, attr{key, decoded})
	}
	return stated, nil
}

// osRelease reads os-release(5).
func osRelease(root string) []attr {
	var text string
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if text = read(root, path); text != "" {
			break
		}
	}
	names := map[string]string{"NAME": attrOSName, "VERSION_ID": attrOSVersion, "PRETTY_NAME": attrOSDescription}
	var found []attr
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		if name := names[key]; name != "" && value != "" {
			found = append(found, attr{name, value})
		}
	}
	return found
}

// azureTag is what Azure writes into the chassis' asset tag of every machine.
const azureTag = "7783-7084-3265-9085-8269-3286-77"

// vendors are clouds by what the firmware calls its maker.
var vendors = []struct{ contains, provider, platform string }{
	{"Amazon EC2", "aws", "aws_ec2"},
	{"Google", "gcp", "gcp_compute_engine"},
	{"Alibaba Cloud", "alibaba_cloud", "alibaba_cloud_ecs"},
	{"Tencent Cloud", "tencent_cloud", "tencent_cloud_cvm"},
	{"OracleCloud", "oracle_cloud", "oracle_cloud_compute"},
	{"IBM Cloud", "ibm_cloud", ""},
	{"DigitalOcean", "digitalocean", ""},
	{"Hetzner", "hetzner", ""},
	{"Scaleway", "scaleway", ""},
	{"Vultr", "vultr", ""},
	{"Linode", "linode", ""},
	{"OVH", "ovh", ""},
}

// firmware tells the cloud by the tables of the firmware (DMI), which need no network.
func firmware(root string) []attr {
	get := func(name string) string { return strings.TrimSpace(read(root, "/sys/class/dmi/id/"+name)) }
	product := get("product_name")
	if get("chassis_asset_tag") == azureTag {
		return []attr{{attrCloudProvider, "azure"}, {attrCloudPlatform, "azure.vm"}}
	}
	maker := get("sys_vendor") + "\n" + product + "\n" + get("bios_vendor") + "\n" + get("chassis_asset_tag")
	for _, v := range vendors {
		if !strings.Contains(maker, v.contains) {
			continue
		}
		found := []attr{{attrCloudProvider, v.provider}}
		if v.platform != "" {
			found = append(found, attr{attrCloudPlatform, v.platform})
		}
		if v.provider == "aws" && strings.Contains(product, ".") { // on Nitro it is the type
			found = append(found, attr{attrHostType, product})
		}
		return found
	}
	return nil
}

// hexID is the id of a container as all runtimes make them.
var hexID = regexp.MustCompile(`[0-9a-f]{64}`)

// containerID is the id of the container that a process runs in: from its cgroup or,
// where that is hidden by a namespace, from the mounts that the runtime made for it.
func containerID(proc string) string {
	for _, file := range []string{"cgroup", "mountinfo"} {
		text := read(proc, file)
		for scan := bufio.NewScanner(strings.NewReader(text)); scan.Scan(); {
			line := scan.Text()
			if file == "mountinfo" && !slices.ContainsFunc([]string{"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}, func(f string) bool { return strings.Contains(line, f) }) {
				continue
			}
			if ids := hexID.FindAllString(line, -1); len(ids) > 0 {
				return ids[len(ids)-1] // a pod's folder comes before the container's
			}
		}
	}
	return ""
}

// read returns a small file, or nothing.
func read(root, path string) string {
	f, err := os.Open(filepath.Join(root, path))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	return string(b)
}
