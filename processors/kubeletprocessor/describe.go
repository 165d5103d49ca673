package kubeletprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/signals"
)

// put writes an attribute unless it is there, or overriding is asked for.
func (k *kubeletProcessor) put(resource pcommon.Map, key, value string) {
	if value == "" {
		return
	}
	if _, ok := resource.Get(key); ok && !k.cfg.Override {
		return
	}
	resource.PutStr(key, value)
}

// describe writes what is known of a pod and its container.
func (k *kubeletProcessor) describe(resource pcommon.Map, f finding) {
	pod := f.pod
	resource.EnsureCapacity(resource.Len() + 16)
	k.put(resource, signals.AttrK8sNamespace, pod.Namespace)
	k.put(resource, signals.AttrK8sPodName, pod.Name)
	k.put(resource, signals.AttrK8sPodUID, pod.UID)
	node := pod.Node
	if node == "" {
		node = k.directory.Node()
	}
	k.put(resource, signals.AttrK8sNode, node)
	k.putWorkload(resource, pod)
	path, _ := kubelet.ParseLogPath(logPath(resource))
	k.putPath(resource, path)
	if c := f.container; c != nil {
		k.putContainer(resource, c, path)
	}
	for _, keys := range []struct {
		prefix   string
		patterns []string
		values   map[string]string
	}{{"k8s.pod.label.", k.cfg.Labels, pod.Labels}, {"k8s.pod.annotation.", k.cfg.Annotations, pod.Annotations}} {
		if len(keys.patterns) == 0 {
			continue
		}
		for name, value := range keys.values {
			if chosen(keys.patterns, name) {
				k.put(resource, keys.prefix+name, value)
			}
		}
	}
	if k.cfg.ServiceName {
		k.putService(resource, f)
	}
}

func logPath(resource pcommon.Map) string {
	if v, ok := resource.Get(signals.AttrLogFilePath); ok {
		return v.AsString()
	}
	return ""
}

// putPath writes what the path of a log says.
func (k *kubeletProcessor) putPath(resource pcommon.Map, p kubelet.LogPath) {
	k.put(resource, signals.AttrK8sNamespace, p.Namespace)
	k.put(resource, signals.AttrK8sPodName, p.Pod)
	k.put(resource, signals.AttrK8sPodUID, p.UID)
	k.put(resource, signals.AttrK8sContainer, p.Container)
	k.put(resource, signals.AttrContainerID, p.ContainerID)
	if _, ok := resource.Get(signals.AttrK8sRestarts); !ok && p.Container != "" && p.Restart >= 0 {
		resource.PutInt(signals.AttrK8sRestarts, int64(p.Restart))
	}
}

func (k *kubeletProcessor) putContainer(resource pcommon.Map, c *kubelet.Container, path kubelet.LogPath) {
	k.put(resource, signals.AttrK8sContainer, c.Name)
	if path.Container == "" || path.Restart == c.Restarts { // else the log is of an earlier start
		k.put(resource, signals.AttrContainerID, c.ID)
	}
	image, tag := splitImage(c.Image)
	k.put(resource, signals.AttrContainerImage, image)
	if _, ok := resource.Get(signals.AttrContainerTags); !ok && tag != "" {
		resource.PutEmptySlice(signals.AttrContainerTags).AppendEmpty().SetStr(tag)
	}
}

// splitImage divides registry:5000/shop/web:1.4@sha256:… into registry:5000/shop/web and 1.4.
func splitImage(image string) (name, tag string) {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i], image[i+1:]
	}
	return image, ""
}

// workloads are the attributes by which a kind of workload is named.
var workloads = map[string]string{
	kubelet.KindDeployment: signals.AttrK8sDeployment, kubelet.KindReplicaSet: signals.AttrK8sReplicaSet, kubelet.KindStatefulSet: signals.AttrK8sStatefulSet,
	kubelet.KindDaemonSet: signals.AttrK8sDaemonSet, kubelet.KindJob: signals.AttrK8sJob, kubelet.KindCronJob: signals.AttrK8sCronJob,
}

func (k *kubeletProcessor) putWorkload(resource pcommon.Map, pod *kubelet.Pod) {
	if key, ok := workloads[pod.OwnerKind]; ok {
		k.put(resource, key, pod.OwnerName)
	}
	if key, ok := workloads[pod.WorkloadKind]; ok {
		k.put(resource, key, pod.Workload)
	}
}

// putService names a service as the semantic conventions propose for Kubernetes. A
// service that named itself keeps its namespace and version to itself.
func (k *kubeletProcessor) putService(resource pcommon.Map, f finding) {
	if v, ok := resource.Get(signals.AttrServiceName); ok && v.AsString() != "" {
		return
	}
	pod := f.pod
	name := pod.Workload
	for _, stated := range []string{pod.Labels["app.kubernetes.io/name"], pod.Labels["app.kubernetes.io/instance"], pod.Annotations["resource.opentelemetry.io/service.name"]} {
		if stated != "" {
			name = stated
		}
	}
	resource.PutStr(signals.AttrServiceName, name)
	k.put(resource, signals.AttrServiceSpace, pod.Namespace)
	version := pod.Labels["app.kubernetes.io/version"]
	if version == "" && f.container != nil {
		_, version = splitImage(f.container.Image)
	}
	k.put(resource, signals.AttrServiceVersion, version)
}

// chosen reports whether a key is among the patterns, of which one may end in *.
func chosen(patterns []string, key string) bool {
	for _, p := range patterns {
		if prefix, ok := strings.CutSuffix(p, "*"); p == key || ok && strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}
