package kubeletprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/signals"
)

// The labels by which cadvisor, the kubelet and kube-state-metrics name a pod.
const (
	labelNamespace = "namespace"
	labelPod       = "pod"
)

// labelPoints adds the workload to points that name a namespace and a pod of this node.
func (k *kubeletProcessor) labelPoints(r pmetric.ResourceMetrics) {
	index := k.directory.Index()
	for _, s := range r.ScopeMetrics().All() {
		for _, m := range s.Metrics().All() {
			switch m.Type() {
			case pmetric.MetricTypeGauge:
				for _, p := range m.Gauge().DataPoints().All() {
					k.labelPoint(index, p.Attributes())
				}
			case pmetric.MetricTypeSum:
				for _, p := range m.Sum().DataPoints().All() {
					k.labelPoint(index, p.Attributes())
				}
			case pmetric.MetricTypeHistogram:
				for _, p := range m.Histogram().DataPoints().All() {
					k.labelPoint(index, p.Attributes())
				}
			case pmetric.MetricTypeExponentialHistogram:
				for _, p := range m.ExponentialHistogram().DataPoints().All() {
					k.labelPoint(index, p.Attributes())
				}
			case pmetric.MetricTypeSummary:
				for _, p := range m.Summary().DataPoints().All() {
					k.labelPoint(index, p.Attributes())
				}
			case pmetric.MetricTypeEmpty:
			}
		}
	}
}

func (k *kubeletProcessor) labelPoint(index *kubelet.Index, attrs pcommon.Map) {
	name, ok := attrs.Get(labelPod)
	if !ok {
		return
	}
	namespace, ok := attrs.Get(labelNamespace)
	if !ok {
		return
	}
	pod := index.Name(namespace.AsString(), name.AsString())
	if pod == nil {
		return
	}
	k.put(attrs, signals.LabelWorkload, pod.Workload)
	k.put(attrs, signals.LabelWorkloadType, strings.ToLower(pod.WorkloadKind))
}
