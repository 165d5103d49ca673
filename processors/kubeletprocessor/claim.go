package kubeletprocessor

import (
	"net/netip"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/signals"
)

// claim is by what a resource says whose it is.
type claim struct {
	way string
	// name is what is asked for: path, uid, id or address.
	name string
	path kubelet.LogPath
	// container is the name of the container, where the resource has one.
	container string
	find      func(*kubelet.Index) finding
}

// finding is a pod and, where it is known, its container.
type finding struct {
	pod       *kubelet.Pod
	container *kubelet.Container
}

// claim is the surest claim of a resource.
func (k *kubeletProcessor) claim(resource pcommon.Map, peer netip.Addr) (claim, bool) {
	str := func(key string) string {
		if v, ok := resource.Get(key); ok && v.Type() == pcommon.ValueTypeStr {
			return v.Str()
		}
		return ""
	}
	container := str(signals.AttrK8sContainer)
	for _, way := range k.cfg.Associate {
		c := claim{way: way, container: container}
		switch way {
		case byPath:
			var ok bool
			if c.path, ok = kubelet.ParseLogPath(str(signals.AttrLogFilePath)); !ok {
				continue
			}
			c.container = c.path.Container
			c.name = c.path.UID
			if c.name == "" {
				c.name = c.path.ContainerID
			}
			c.find = func(x *kubelet.Index) finding { return findPath(x, c.path) }
		case byUID:
			c.name = str(signals.AttrK8sPodUID)
			c.find = func(x *kubelet.Index) finding { return c.in(x.UID(c.name)) }
		case byContainerID:
			c.name = kubelet.BareContainerID(str(signals.AttrContainerID))
			c.find = func(x *kubelet.Index) finding {
				pod, container := x.ContainerID(c.name)
				return finding{pod, container}
			}
		case byName:
			namespace, pod := str(signals.AttrK8sNamespace), str(signals.AttrK8sPodName)
			if namespace == "" || pod == "" {
				continue
			}
			c.name = namespace + "/" + pod
			c.find = func(x *kubelet.Index) finding { return c.in(x.Name(namespace, pod)) }
		case byIP, byConnection:
			addr := peer
			if way == byIP {
				addr, _ = netip.ParseAddr(str(signals.AttrK8sPodIP))
			}
			if !addr.IsValid() {
				continue
			}
			c.name = addr.String()
			c.find = func(x *kubelet.Index) finding { return c.in(x.IP(addr)) }
		}
		if c.name != "" {
			return c, true
		}
	}
	return claim{}, false
}

// in finds the container of a pod: the one of the claim's name, or the only one.
func (c *claim) in(pod *kubelet.Pod) finding {
	if pod == nil {
		return finding{}
	}
	if c.container != "" {
		return finding{pod, pod.Container(c.container)}
	}
	var only *kubelet.Container
	for i := range pod.Containers {
		if pod.Containers[i].Init {
			continue
		}
		if only != nil {
			return finding{pod: pod}
		}
		only = &pod.Containers[i]
	}
	return finding{pod, only}
}

// findPath knows a link in /var/log/containers by the container, and by the pod's name
// where the container was started anew.
func findPath(x *kubelet.Index, p kubelet.LogPath) finding {
	pod := x.UID(p.UID)
	if p.UID == "" {
		if pod, _ = x.ContainerID(p.ContainerID); pod == nil {
			pod = x.Name(p.Namespace, p.Pod)
		}
	}
	if pod == nil {
		return finding{}
	}
	return finding{pod, pod.Container(p.Container)}
}

// foreign reports that a resource which came from a pod's address speaks of something
// else: of another host, or of another pod, for which that pod is only a relay.
func foreign(resource pcommon.Map, pod *kubelet.Pod) bool {
	differs := func(key string, own ...string) bool {
		v, ok := resource.Get(key)
		if !ok || v.AsString() == "" {
			return false
		}
		for _, name := range own {
			if name != "" && v.AsString() == name {
				return false
			}
		}
		return true
	}
	return differs(signals.AttrHostName, pod.Name, pod.HostName, pod.Node) || differs(signals.AttrK8sPodName, pod.Name) ||
		differs(signals.AttrK8sNamespace, pod.Namespace) || differs(signals.AttrK8sNode, pod.Node)
}
