package scrapereceiver

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidewatch/tidewatch/internal/kubelet"
)

// podPage is what kube-state-metrics would say of the node's pods, under its names, as a
// page; nil before the pods were listed. Series of one name must stand together, so
// there is a section for each.
func podPage(d *kubelet.Directory) []byte {
	select {
	case <-d.Ready():
	default:
		return nil
	}
	return writePods(d.Index().Pods())
}

var phases = []string{"Pending", "Running", "Succeeded", "Failed", "Unknown"}

// units and names of resources, as kube-state-metrics has them.
var resourceNames = map[string][2]string{"cpu": {"cpu", "core"}, "memory": {"memory", "byte"}, "ephemeral-storage": {"ephemeral_storage", "byte"}}

func writePods(pods []*kubelet.Pod) []byte {
	w := &pageWriter{}
	w.family("kube_pod_info", "gauge", "A pod of this node.")
	for _, p := range pods {
		ip := ""
		if len(p.IPs) > 0 {
			ip = p.IPs[0]
		}
		w.pod(p, 1, "host_ip", p.HostIP, "pod_ip", ip, "created_by_kind", p.OwnerKind, "created_by_name", p.OwnerName, "host_network", strconv.FormatBool(p.HostNetwork))
	}
	w.family("kube_pod_status_phase", "gauge", "1 for the phase that the pod is in, 0 for the others.")
	for _, p := range pods {
		for _, phase := range phases {
			w.pod(p, one(p.Phase == phase), "phase", phase)
		}
	}
	w.family("kube_pod_status_ready", "gauge", "Whether the pod is ready to serve.")
	for _, p := range pods {
		w.pod(p, one(p.Ready), "condition", "true")
		w.pod(p, one(!p.Ready), "condition", "false")
	}
	w.family("kube_pod_status_reason", "gauge", "Why the pod is in its phase.")
	for _, p := range pods {
		if p.Reason != "" {
			w.pod(p, 1, "reason", p.Reason)
		}
	}
	w.family("kube_pod_start_time", "gauge", "When the pod was started, in seconds since the epoch.")
	for _, p := range pods {
		if !p.Started.IsZero() {
			w.pod(p, float64(p.Started.Unix()))
		}
	}
	each := func(name, typ, help string, fn func(*kubelet.Pod, *kubelet.Container)) {
		w.family(name, typ, help)
		for _, p := range pods {
			for i := range p.Containers {
				if !p.Containers[i].Init {
					fn(p, &p.Containers[i])
				}
			}
		}
	}
	each("kube_pod_container_status_restarts_total", "counter", "How often the container was started anew.", func(p *kubelet.Pod, c *kubelet.Container) {
		w.pod(p, float64(c.Restarts), "container", c.Name)
	})
	each("kube_pod_container_status_ready", "gauge", "Whether the container is ready.", func(p *kubelet.Pod, c *kubelet.Container) {
		w.pod(p, one(c.Ready), "container", c.Name)
	})
	for _, state := range []string{"running", "waiting", "terminated"} {
		each("kube_pod_container_status_"+state, "gauge", "Whether the container is "+state+".", func(p *kubelet.Pod, c *kubelet.Container) {
			w.pod(p, one(c.State.Name == state), "container", c.Name)
		})
	}
	each("kube_pod_container_status_waiting_reason", "gauge", "Why the container waits.", func(p *kubelet.Pod, c *kubelet.Container) {
		if c.State.Name == "waiting" && c.State.Reason != "" {
			w.pod(p, 1, "container", c.Name, "reason", c.State.Reason)
		}
	})
	each("kube_pod_container_status_last_terminated_reason", "gauge", "Why the container ended the last time.", func(p *kubelet.Pod, c *kubelet.Container) {
		if c.Last.Name == "terminated" && c.Last.Reason != "" {
			w.pod(p, 1, "container", c.Name, "reason", c.Last.Reason)
		}
	})
	each("kube_pod_container_status_last_terminated_exitcode", "gauge", "The exit code with which the container ended the last time.", func(p *kubelet.Pod, c *kubelet.Container) {
		if c.Last.Name == "terminated" {
			w.pod(p, float64(c.Last.ExitCode), "container", c.Name)
		}
	})
	for _, kind := range []string{"requests", "limits"} {
		each("kube_pod_container_resource_"+kind, "gauge", "What the container asks for, or may use at most.", func(p *kubelet.Pod, c *kubelet.Container) {
			amounts := c.Requests
			if kind == "limits" {
				amounts = c.Limits
			}
			names := make([]string, 0, len(amounts))
			for name := range amounts {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				as, ok := resourceNames[name]
				if !ok {
					continue
				}
				w.pod(p, amounts[name], "container", c.Name, "resource", as[0], "unit", as[1])
			}
		})
	}
	return w.page
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// pageWriter writes the text format.
type pageWriter struct {
	page []byte
	name string
}

func (w *pageWriter) family(name, typ, help string) {
	w.name = name
	w.page = append(w.page, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+typ+"\n"...)
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// pod writes a line of a pod; labels with an empty value are left out.
func (w *pageWriter) pod(p *kubelet.Pod, value float64, pairs ...string) {
	w.page = append(append(w.page, w.name...), `{namespace="`...)
	w.page = append(append(w.page, escape.Replace(p.Namespace)...), `",pod="`...)
	w.page = append(append(w.page, escape.Replace(p.Name)...), `",uid="`...)
	w.page = append(append(w.page, escape.Replace(p.UID)...), '"')
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			w.page = append(append(append(w.page, ','), pairs[i]...), `="`...)
			w.page = append(append(w.page, escape.Replace(pairs[i+1])...), '"')
		}
	}
	w.page = append(w.page, "} "...)
	w.page = append(strconv.AppendFloat(w.page, value, 'g', -1, 64), '\n')
}
