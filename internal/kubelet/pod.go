package kubelet

import (
	"strconv"
	"strings"
	"time"
)

// Pod is what is known of a pod. It does not change after it was made.
type Pod struct {
	Namespace, Name, UID, Node string
	// IPs are its addresses; none for a pod in the node's own network, whose addresses
	// are the node's.
	IPs         []string
	HostIP      string
	HostNetwork bool
	// HostName is what the pod itself calls its host, if not its name.
	HostName            string
	Labels, Annotations map[string]string
	// OwnerKind and OwnerName are the controller that made the pod, such as ReplicaSet;
	// empty for a pod by itself.
	OwnerKind, OwnerName string
	// Workload is what a person would name as the owner: the Deployment of a ReplicaSet,
	// the CronJob of a Job. WorkloadKind is its kind.
	Workload, WorkloadKind string
	Created, Started       time.Time
	// Phase is Pending, Running, Succeeded, Failed or Unknown; Reason says more, as Evicted.
	Phase, Reason string
	Ready         bool
	// Containers are all, those for the start of the pod included.
	Containers []Container
	// Gone is when the kubelet listed it no more, zero while it does.
	Gone time.Time

	static string // the name under which the kubelet's own folders have a static pod
}

// Container is one of a pod.
type Container struct {
	Name string
	// ID is without the name of the runtime; empty before the start.
	ID string
	// Image is the name with its tag; Init says that it runs before the others.
	Image    string
	Init     bool
	Ports    []Port
	Restarts int
	Ready    bool
	State    State
	// Last is how it ended before the last restart.
	Last State
	// Requests and Limits are amounts by resource, in cores and bytes.
	Requests, Limits map[string]float64
}

// State of a container: Name is running, waiting, terminated or empty.
type State struct {
	Name, Reason string
	ExitCode     int
}

// Port that a container names.
type Port struct {
	Name     string
	Number   int
	Protocol string
}

// Container returns the container of a name, or nil.
func (p *Pod) Container(name string) *Container {
	for i := range p.Containers {
		if p.Containers[i].Name == name {
			return &p.Containers[i]
		}
	}
	return nil
}

// Kinds of workloads.
const (
	KindDeployment  = "Deployment"
	KindReplicaSet  = "ReplicaSet"
	KindStatefulSet = "StatefulSet"
	KindDaemonSet   = "DaemonSet"
	KindJob         = "Job"
	KindCronJob     = "CronJob"
	KindStaticPod   = "StaticPod"
	KindPod         = "Pod"
)

// templateHash is the label in which the controller of Deployments keeps what it adds to
// the name of each ReplicaSet.
const templateHash = "pod-template-hash"

// setWorkload finds what owns the owner, by the names that controllers give.
func (p *Pod) setWorkload() {
	p.Workload, p.WorkloadKind = p.OwnerName, p.OwnerKind
	switch p.OwnerKind {
	case "":
		p.Workload, p.WorkloadKind = p.Name, KindPod
	case "Node":
		p.Workload, p.WorkloadKind = strings.TrimSuffix(p.Name, "-"+p.OwnerName), KindStaticPod
	case KindReplicaSet:
		hash := p.Labels[templateHash]
		if name, ok := strings.CutSuffix(p.OwnerName, "-"+hash); ok && hash != "" && name != "" {
			p.Workload, p.WorkloadKind = name, KindDeployment
		}
	case KindJob:
		if name, ok := cronJob(p.OwnerName, p.Created); ok {
			p.Workload, p.WorkloadKind = name, KindCronJob
		}
	}
}

// cronJob is the name of the CronJob of a Job: the controller adds the scheduled time,
// in minutes since the epoch. A number that is far from the pod's creation is somebody
// else's.
func cronJob(job string, created time.Time) (string, bool) {
	i := strings.LastIndexByte(job, '-')
	if i <= 0 {
		return "", false
	}
	minutes, err := strconv.ParseInt(job[i+1:], 10, 64)
	if err != nil || minutes <= 0 || minutes > 1<<40 {
		return "", false
	}
	const far = 7 * 24 * time.Hour // a Job may start late, and its pods again and again
	if d := created.Sub(time.Unix(minutes*60, 0)); d < -far || d > far {
		return "", false
	}
	return job[:i], true
}
