package kubeletprocessor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/kubelet"
)

// Ways by which a resource is known to be a pod's.
const (
	byPath        = "log_path"
	byUID         = "pod_uid"
	byContainerID = "container_id"
	byName        = "pod_name"
	byIP          = "pod_ip"
	byConnection  = "connection"
)

var ways = []string{byPath, byUID, byContainerID, byName, byIP, byConnection}

// Config of the processor.
type Config struct {
	kubelet.Config `mapstructure:",squash"`

	// WaitAtStart is how long after the start records of pods are held back until the
	// pods were listed for the first time. Zero holds nothing back.
	WaitAtStart time.Duration `mapstructure:"wait_at_start"`
	// WaitUnknown is how long the first records of a pod that is not known are held
	// back for the next list. Zero holds nothing back.
	WaitUnknown time.Duration `mapstructure:"wait_unknown"`
	// Associate lists, the surest first, by what a resource is known to be a pod's:
	// log_path, pod_uid, container_id, pod_name, pod_ip, connection.
	Associate []string `mapstructure:"associate"`
	// Labels and Annotations of the pod that become resource attributes
	// k8s.pod.label.<key> and k8s.pod.annotation.<key>. A key may end in *.
	Labels      []string `mapstructure:"labels"`
	Annotations []string `mapstructure:"annotations"`
	// ServiceName names the service of resources that have none: after the annotation
	// resource.opentelemetry.io/service.name, the labels app.kubernetes.io/instance and
	// app.kubernetes.io/name, or the workload.
	ServiceName bool `mapstructure:"service_name"`
	// WorkloadLabels adds workload and workload_type to points of metrics that have the
	// attributes namespace and pod, as those of cadvisor do.
	WorkloadLabels bool `mapstructure:"workload_labels"`
	// Override replaces attributes that a resource already has.
	Override bool `mapstructure:"override"`
}

func createDefaultConfig() component.Config {
	return &Config{
		Config:         kubelet.DefaultConfig(),
		WaitAtStart:    10 * time.Second, // a kubelet answers in well under a second; files and queues wait without loss
		WaitUnknown:    2 * time.Second,  // a pod is listed before it logs; one list at least fits in
		Associate:      slices.Clone(ways),
		ServiceName:    true,
		WorkloadLabels: true,
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	errs := []error{c.Check()}
	if c.WaitAtStart < 0 {
		errs = append(errs, errors.New("wait_at_start must not be negative"))
	}
	if c.WaitUnknown < 0 {
		errs = append(errs, errors.New("wait_unknown must not be negative"))
	}
	if len(c.Associate) == 0 {
		errs = append(errs, fmt.Errorf("associate must list at least one of %v", ways))
	}
	for _, way := range c.Associate {
		if !slices.Contains(ways, way) {
			errs = append(errs, fmt.Errorf("associate: %q must be one of %v", way, ways))
		}
	}
	for key, patterns := range map[string][]string{"labels": c.Labels, "annotations": c.Annotations} {
		if slices.Contains(patterns, "") {
			errs = append(errs, errors.New(key+" must not hold an empty key; * means all"))
		}
	}
	return errors.Join(errs...)
}
