package promseries

import (
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/signals"
)

const (
	attrServiceNamespace  = "service.namespace"
	attrServiceInstanceID = "service.instance.id"

	// hostJob is the job of metrics that no service claims: the host's own.
	hostJob = "tidewatch"
	// maxResources bounds the cache of resources; an agent sees tens, a gateway
	// thousands. A full cache starts over, which costs time and nothing else.
	maxResources = 16384
)

// DefaultPromoted are the resource attributes that become labels of every
// series: what people select by, and what tells apart resources of one host.
var DefaultPromoted = []string{
	signals.AttrServiceName, signals.AttrHostName, signals.AttrLogFilePath,
	"deployment.environment.name",
	"k8s.cluster.name", "k8s.namespace.name", "k8s.node.name", "k8s.pod.name", "k8s.container.name",
	"k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.cronjob.name", "k8s.job.name",
	"container.name", "process.pid", "process.executable.name",
}

// resource is what the series of one resource share.
type resource struct {
	hash uint64
	// labels are job, instance and the promoted attributes, sorted.
	labels []Label
	// info are the labels of target_info; nil when it would say nothing more.
	info []Label
}

func (t *Translator) resource(attrs pcommon.Map) *resource {
	hash := attrhash.Map(attrs)
	if r, ok := t.resources[hash]; ok {
		return r
	}
	if len(t.resources) >= maxResources {
		clear(t.resources)
	}
	r := t.newResource(attrs)
	r.hash = hash
	t.resources[hash] = r
	return r
}

func (t *Translator) newResource(attrs pcommon.Map) *resource {
	job, instance := identity(attrs)
	r := &resource{}
	var promoted, info []pair
	for k, v := range attrs.All() {
		name := t.names.name(k)
		s := value(v)
		if name == "" || s == "" {
			continue
		}
		if slices.Contains(t.settings.Promote, k) && name != "job" && name != "instance" {
			promoted = append(promoted, pair{k, name, s})
		}
		if k != signals.AttrServiceName && k != attrServiceNamespace && k != attrServiceInstanceID && name != "job" && name != "instance" {
			info = append(info, pair{k, name, s})
		}
	}
	target := make([]Label, 0, 2)
	if job != "" {
		target = append(target, Label{"job", job})
	}
	if instance != "" {
		target = append(target, Label{"instance", instance})
	}
	r.labels = addMissing(merge(promoted, 2), target)
	if len(info) > 0 && len(target) > 0 {
		r.info = addMissing(merge(info, 2), target)
	}
	return r
}

// identity follows the OpenTelemetry specification: job is the service with its
// namespace, instance its instance id. Two additions: without a service the job
// is the agent, and without an instance id the instance is the host.
func identity(attrs pcommon.Map) (job, instance string) {
	str := func(k string) string {
		if v, ok := attrs.Get(k); ok {
			return value(v)
		}
		return ""
	}
	job = str(signals.AttrServiceName)
	if ns := str(attrServiceNamespace); ns != "" && job != "" {
		job = ns + "/" + job
	}
	if instance = str(attrServiceInstanceID); instance == "" {
		instance = str(signals.AttrHostName)
	}
	if job == "" && instance != "" {
		job = hostJob
	}
	return job, instance
}

// targetInfo passes on target_info of a resource that has something to say.
func (t *Translator) targetInfo(r *resource, at int64, fn func(*Point)) {
	if r.info == nil {
		return
	}
	f, ok := t.family("target_info", KindInfo, func() (string, string) { return "Attributes of the resource.", "" })
	if !ok {
		return
	}
	id := attrhash.Combine(r.hash, xxhash.Sum64String("target_info"))
	s := t.known(id)
	if s == nil {
		if s = t.remember(id, f, slices.Clone(r.info), false); s == nil {
			return
		}
	}
	p := t.point(s, at, 0)
	p.Value = 1
	fn(p)
}

// clone copies a name that outlives the batch it came with.
func clone(s string) string { return strings.Clone(s) }
