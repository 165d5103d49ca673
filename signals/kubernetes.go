package signals

// Resource attributes of Kubernetes, under the names of the OpenTelemetry semantic
// conventions.
const (
	AttrK8sNamespace    = "k8s.namespace.name"
	AttrK8sPodName      = "k8s.pod.name"
	AttrK8sPodUID       = "k8s.pod.uid"
	AttrK8sPodIP        = "k8s.pod.ip"
	AttrK8sNode         = "k8s.node.name"
	AttrK8sContainer    = "k8s.container.name"
	AttrK8sRestarts     = "k8s.container.restart_count"
	AttrK8sDeployment   = "k8s.deployment.name"
	AttrK8sReplicaSet   = "k8s.replicaset.name"
	AttrK8sStatefulSet  = "k8s.statefulset.name"
	AttrK8sDaemonSet    = "k8s.daemonset.name"
	AttrK8sJob          = "k8s.job.name"
	AttrK8sCronJob      = "k8s.cronjob.name"
	AttrContainerID     = "container.id"
	AttrContainerImage  = "container.image.name"
	AttrContainerTags   = "container.image.tags"
	AttrServiceSpace    = "service.namespace"
	AttrServiceInstance = "service.instance.id"
	AttrServiceVersion  = "service.version"

	// AttrPodMiss is on a resource that names a pod of which nothing could be found out:
	// PodMissPending before the kubelet's first answer, PodMissUnknown after it.
	AttrPodMiss    = "tidewatch.pod.metadata"
	PodMissPending = "pending"
	PodMissUnknown = "unknown"

	// LabelWorkload and LabelWorkloadType are, on points that name a namespace and a
	// pod, what owns the pod and its kind in lower case.
	LabelWorkload     = "workload"
	LabelWorkloadType = "workload_type"
)
