package kubelet

import (
	"strings"
	"time"
)

// The part of a PodList that is used. Everything else is skipped while it is read.
type wirePod struct {
	Metadata struct {
		Name              string            `json:"name"`
		Namespace         string            `json:"namespace"`
		UID               string            `json:"uid"`
		Labels            map[string]string `json:"labels"`
		Annotations       map[string]string `json:"annotations"`
		CreationTimestamp string            `json:"creationTimestamp"`
		OwnerReferences   []struct {
			Kind       string `json:"kind"`
			Name       string `json:"name"`
			Controller bool   `json:"controller"`
		} `json:"ownerReferences"`
	} `json:"metadata"`
	Spec struct {
		NodeName       string          `json:"nodeName"`
		Hostname       string          `json:"hostname"`
		HostNetwork    bool            `json:"hostNetwork"`
		Containers     []wireContainer `json:"containers"`
		InitContainers []wireContainer `json:"initContainers"`
	} `json:"spec"`
	Status struct {
		Phase      string `json:"phase"`
		Reason     string `json:"reason"`
		HostIP     string `json:"hostIP"`
		PodIP      string `json:"podIP"`
		StartTime  string `json:"startTime"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
		PodIPs []struct {
			IP string `json:"ip"`
		} `json:"podIPs"`
		ContainerStatuses     []wireStatus `json:"containerStatuses"`
		InitContainerStatuses []wireStatus `json:"initContainerStatuses"`
	} `json:"status"`
}

type wireContainer struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	Ports []struct {
		Name          string `json:"name"`
		ContainerPort int    `json:"containerPort"`
		Protocol      string `json:"protocol"`
	} `json:"ports"`
	Resources struct {
		Requests map[string]any `json:"requests"`
		Limits   map[string]any `json:"limits"`
	} `json:"resources"`
}

type wireStatus struct {
	Name         string    `json:"name"`
	ContainerID  string    `json:"containerID"`
	Image        string    `json:"image"`
	Ready        bool      `json:"ready"`
	RestartCount int       `json:"restartCount"`
	State        wireState `json:"state"`
	LastState    wireState `json:"lastState"`
}

type wireState struct {
	Running *struct{} `json:"running"`
	Waiting *struct {
		Reason string `json:"reason"`
	} `json:"waiting"`
	Terminated *struct {
		Reason   string `json:"reason"`
		ExitCode int    `json:"exitCode"`
	} `json:"terminated"`
}

func (s wireState) state() State {
	switch {
	case s.Running != nil:
		return State{Name: "running"}
	case s.Waiting != nil:
		return State{Name: "waiting", Reason: s.Waiting.Reason}
	case s.Terminated != nil:
		return State{Name: "terminated", Reason: s.Terminated.Reason, ExitCode: s.Terminated.ExitCode}
	}
	return State{}
}

const (
	// maxAnnotation is the longest annotation that is kept: longer ones hold manifests.
	maxAnnotation = 1024
	// maxPairs bounds labels and annotations of one pod.
	maxPairs = 128
	// maxName bounds a name; Kubernetes itself allows 253.
	maxName       = 512
	maxContainers = 256
)

// pod is nil for what no pod can be: without a name, a namespace or a uid.
func (w *wirePod) pod() *Pod {
	m := &w.Metadata
	for _, s := range []string{m.Name, m.Namespace, m.UID} {
		if s == "" || len(s) > maxName {
			return nil
		}
	}
	p := &Pod{
		Namespace: m.Namespace, Name: m.Name, UID: m.UID, Node: w.Spec.NodeName, HostIP: w.Status.HostIP, HostNetwork: w.Spec.HostNetwork, HostName: w.Spec.Hostname,
		Labels: keep(m.Labels), Annotations: keep(m.Annotations),
		Created: parseTime(m.CreationTimestamp), Started: parseTime(w.Status.StartTime),
		Phase: w.Status.Phase, Reason: w.Status.Reason,
		static: m.Annotations["kubernetes.io/config.hash"],
	}
	if mirror := m.Annotations["kubernetes.io/config.mirror"]; mirror != "" {
		p.static = mirror
	}
	for _, o := range m.OwnerReferences {
		if o.Controller {
			p.OwnerKind, p.OwnerName = o.Kind, o.Name
		}
	}
	if p.static != "" && p.OwnerKind == "" && p.Annotations["kubernetes.io/config.source"] != "api" {
		p.OwnerKind, p.OwnerName = "Node", p.Node
	}
	for _, c := range w.Status.Conditions {
		p.Ready = p.Ready || c.Type == "Ready" && c.Status == "True"
	}
	if !p.HostNetwork {
		for _, ip := range w.Status.PodIPs {
			p.IPs = append(p.IPs, ip.IP)
		}
		if len(p.IPs) == 0 && w.Status.PodIP != "" {
			p.IPs = []string{w.Status.PodIP}
		}
	}
	p.addContainers(w.Spec.InitContainers, w.Status.InitContainerStatuses, true)
	p.addContainers(w.Spec.Containers, w.Status.ContainerStatuses, false)
	p.setWorkload()
	return p
}

func (p *Pod) addContainers(specs []wireContainer, statuses []wireStatus, init bool) {
	for _, s := range specs {
		if len(p.Containers) == maxContainers {
			return
		}
		c := Container{Name: s.Name, Image: s.Image, Init: init, Requests: amounts(s.Resources.Requests), Limits: amounts(s.Resources.Limits)}
		for _, port := range s.Ports {
			c.Ports = append(c.Ports, Port{Name: port.Name, Number: port.ContainerPort, Protocol: port.Protocol})
		}
		for _, status := range statuses {
			if status.Name == s.Name {
				c.ID, c.Restarts, c.Ready = BareContainerID(status.ContainerID), status.RestartCount, status.Ready
				c.State, c.Last = status.State.state(), status.LastState.state()
				if c.Image == "" {
					c.Image = status.Image
				}
			}
		}
		p.Containers = append(p.Containers, c)
	}
}

// BareContainerID takes off the name of the runtime: containerd://4f1c is 4f1c.
func BareContainerID(id string) string {
	if _, bare, ok := strings.Cut(id, "://"); ok {
		return bare
	}
	return id
}

func keep(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	kept := make(map[string]string, min(len(m), maxPairs))
	for k, v := range m {
		if len(v) <= maxAnnotation && len(k) <= maxName && len(kept) < maxPairs {
			kept[k] = v
		}
	}
	return kept
}

func parseTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s) // zero where there is none
	return t
}
