package scrapereceiver

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/signals"
)

// The annotations by which a pod asks to be scraped.
const (
	annotationScrape = "prometheus.io/scrape"
	annotationPort   = "prometheus.io/port"
	annotationPath   = "prometheus.io/path"
	annotationScheme = "prometheus.io/scheme"
)

// Labels that say where a target of the node comes from.
const (
	labelNamespace = "namespace"
	labelPod       = "pod"
	labelContainer = "container"
	labelNode      = "node"
	labelPath      = "metrics_path"
	podsPath       = "/pods"
	metaPrefix     = "__meta_kubernetes_"
)

type addTarget func(discovered map[string]string, resource []pair, change func(*target))

// kubeletTargets are pages of the kubelet, asked for with its token.
func (d *discovery) kubeletTargets(j *job, add addTarget) {
	if len(j.cfg.KubeletPaths) == 0 || d.directory == nil {
		return
	}
	client := d.directory.Client()
	node := d.directory.Node()
	if node == "" && !d.listed() {
		return // the first list says it
	}
	for _, path := range j.cfg.KubeletPaths {
		set := map[string]string{
			model.AddressLabel: client.Address(), model.SchemeLabel: client.Scheme(), model.MetricsPathLabel: path,
			labelPath: path, labelNode: node, metaPrefix + "node_name": node,
		}
		add(set, []pair{{signals.AttrK8sNode, node}}, func(t *target) {
			t.client = &http.Client{Transport: client, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			if path == podsPath {
				t.page = func(time.Time) []byte { return podPage(d.directory) }
			}
		})
	}
}

// listed reports whether the kubelet has answered.
func (d *discovery) listed() bool {
	select {
	case <-d.directory.Ready():
		return true
	default:
		return false
	}
}

// podTargets are the pods of the node that ask for it.
func (d *discovery) podTargets(j *job, add addTarget) {
	if !j.cfg.PodAnnotations || d.directory == nil {
		return
	}
	for _, p := range d.directory.Index().Pods() {
		if p.Annotations[annotationScrape] != "true" || p.Phase == "Succeeded" || p.Phase == "Failed" {
			continue
		}
		ip := p.HostIP
		if len(p.IPs) > 0 {
			ip = p.IPs[0]
		}
		port, container := podPort(p)
		if ip == "" || port == "" {
			continue // not yet, or it does not say where
		}
		set := meta(p)
		node := p.Node
		if node == "" {
			node = d.directory.Node()
		}
		set[model.AddressLabel] = net.JoinHostPort(ip, port)
		set[model.JobLabel] = p.Namespace + "/" + p.Workload
		set[labelNamespace], set[labelPod], set[labelNode] = p.Namespace, p.Name, node
		resource := []pair{
			{signals.AttrK8sNamespace, p.Namespace},
			{signals.AttrK8sPodName, p.Name},
			{signals.AttrK8sPodUID, p.UID},
			{signals.AttrK8sNode, node},
		}
		if container != "" {
			set[labelContainer] = container
			resource = append(resource, pair{signals.AttrK8sContainer, container})
		}
		if path := p.Annotations[annotationPath]; path != "" {
			path, query, _ := strings.Cut(path, "?")
			set[model.MetricsPathLabel] = "/" + strings.TrimLeft(path, "/")
			for pair := range strings.SplitSeq(query, "&") {
				if name, value, ok := strings.Cut(pair, "="); ok {
					set[model.ParamLabelPrefix+name] = value
				}
			}
		}
		if scheme := p.Annotations[annotationScheme]; scheme != "" {
			set[model.SchemeLabel] = scheme
		}
		add(set, resource, nil)
	}
}

// podPort is the annotated port with the container that names it, or the first port that
// is called metrics, or the only one.
func podPort(p *kubelet.Pod) (port, container string) {
	asked := p.Annotations[annotationPort]
	var only string
	var onlyOf string
	ports, containers := 0, 0
	var single string
	for i := range p.Containers {
		c := &p.Containers[i]
		if c.Init {
			continue
		}
		containers, single = containers+1, c.Name
		for _, at := range c.Ports {
			number := strconv.Itoa(at.Number)
			if at.Protocol != "" && at.Protocol != "TCP" {
				continue
			}
			if asked != "" && (asked == number || asked == at.Name) {
				return number, c.Name
			}
			if asked == "" && (at.Name == "metrics" || strings.HasSuffix(at.Name, "-metrics")) {
				return number, c.Name
			}
			ports, only, onlyOf = ports+1, number, c.Name
		}
	}
	if asked != "" {
		if n, err := strconv.ParseUint(asked, 10, 16); err != nil || n == 0 {
			return "", ""
		}
		if containers == 1 {
			return asked, single
		}
		return asked, ""
	}
	if ports == 1 {
		return only, onlyOf
	}
	return "", ""
}

// meta are the labels that relabelling may use, under the names that Prometheus has.
func meta(p *kubelet.Pod) map[string]string {
	set := map[string]string{
		metaPrefix + "namespace": p.Namespace, metaPrefix + "pod_name": p.Name, metaPrefix + "pod_uid": p.UID, metaPrefix + "pod_node_name": p.Node,
		metaPrefix + "pod_phase": p.Phase, metaPrefix + "pod_ready": strconv.FormatBool(p.Ready), metaPrefix + "pod_host_ip": p.HostIP,
		metaPrefix + "pod_controller_kind": p.OwnerKind, metaPrefix + "pod_controller_name": p.OwnerName,
	}
	if len(p.IPs) > 0 {
		set[metaPrefix+"pod_ip"] = p.IPs[0]
	}
	for prefix, pairs := range map[string]map[string]string{"pod_label": p.Labels, "pod_annotation": p.Annotations} {
		for k, v := range pairs {
			name := model.EscapeName(k, model.UnderscoreEscaping)
			set[metaPrefix+prefix+"_"+name] = v
			set[metaPrefix+prefix+"present_"+name] = "true"
		}
	}
	return set
}
