package scrapereceiver

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

// Labels by which a page says which library a metric is of.
const (
	labelScopeName    = "otel_scope_name"
	labelScopeVersion = "otel_scope_version"
	labelScopeSchema  = "otel_scope_schema_url"
	targetInfo        = "target_info"
)

// identifier finds out what a line is. It belongs to one scrape at a time.
type identifier struct {
	t       *target
	builder *labels.Builder
}

// noFamily is that of samples of which the page says nothing.
var noFamily = &family{typ: model.MetricTypeUnknown}

// identify makes the series of a line with labels of the page; native says that its value
// is a histogram.
func (id *identifier) identify(of labels.Labels, native bool) (*series, error) {
	c := id.t.cache
	if err := id.t.job.limits.check(of); err != nil {
		return nil, err
	}
	f, part := c.familyOf(of.Get(model.MetricNameLabel))
	s := &series{family: f}
	if f == nil {
		s.family = noFamily
	}
	s.typ = s.family.typ
	ls := id.relabel(of)
	name := ls.Get(model.MetricNameLabel)
	if name == "" {
		return s, nil
	}
	s.kind = kindOf(s.family.typ, part, ls, native)
	if s.kind == kindInfo {
		s.labels = ls
		return s, nil
	}
	key := slotKey{name: name, shape: s.kind, family: s.family, origin: origin{
		ls.Get(model.JobLabel), ls.Get(model.InstanceLabel), ls.Get(labelScopeName), ls.Get(labelScopeVersion), ls.Get(labelScopeSchema),
	}}
	b := id.builder
	b.Reset(ls)
	b.Del(model.MetricNameLabel, model.JobLabel, model.InstanceLabel)
	switch s.kind {
	case kindBucket, kindHistogramSum, kindHistogramCount:
		key.shape, key.name = kindBucket, strings.TrimSuffix(name, part)
		s.bound = bound(ls.Get(model.BucketLabel))
		b.Del(model.BucketLabel)
	case kindCreated:
		key.shape, key.name = kindBucket, strings.TrimSuffix(name, part)
		if s.typ == model.MetricTypeSummary {
			key.shape = kindQuantile
		}
	case kindQuantile, kindSummarySum, kindSummaryCount:
		key.shape, key.name = kindQuantile, strings.TrimSuffix(name, part)
		s.bound = bound(ls.Get(model.QuantileLabel))
		b.Del(model.QuantileLabel)
	case kindBegun:
		key.shape, key.name = kindCounter, strings.TrimSuffix(name, part)+"_total"
		s.labels, s.slot = b.Labels(), c.useSlot(key)
		s.hash = s.labels.Hash()
		return s, nil
	default:
		s.labels, s.slot = b.Labels(), c.useSlot(key)
		s.hash = s.labels.Hash()
		return s, nil
	}
	s.group = c.useGroup(c.useSlot(key), b.Labels())
	return s, nil
}

// relabel adds the labels of the target, and applies the job's relabelling. The result
// is empty for what is dropped.
func (id *identifier) relabel(of labels.Labels) labels.Labels {
	b := id.builder
	b.Reset(of)
	id.t.labels.Range(func(l labels.Label) {
		own := of.Get(l.Name)
		if own != "" && id.t.job.cfg.HonorLabels {
			return
		}
		if own != "" {
			exported := model.ExportedLabelPrefix + l.Name
			for of.Get(exported) != "" {
				exported = model.ExportedLabelPrefix + exported
			}
			b.Set(exported, own)
		}
		b.Set(l.Name, l.Value)
	})
	if !relabel.ProcessBuilder(b, id.t.job.metricRelabel...) {
		return labels.EmptyLabels()
	}
	return b.Labels()
}

// kindOf follows the compatibility specification of OpenTelemetry. What does not fit its
// type is a gauge: as it stands it is lost the least.
func kindOf(typ model.MetricType, part string, ls labels.Labels, native bool) kind {
	name := ls.Get(model.MetricNameLabel)
	switch {
	case native:
		return kindNative
	case name == targetInfo:
		return kindInfo
	case !strings.HasSuffix(name, part): // renamed beyond recognition
		return kindGauge
	}
	switch typ {
	case model.MetricTypeCounter:
		if part == "_created" {
			return kindBegun
		}
		return kindCounter
	case model.MetricTypeInfo, model.MetricTypeStateset:
		return kindState
	case model.MetricTypeHistogram:
		switch part {
		case "_bucket":
			if ls.Has(model.BucketLabel) {
				return kindBucket
			}
		case "_sum":
			return kindHistogramSum
		case "_count":
			return kindHistogramCount
		case "_created":
			return kindCreated
		}
	case model.MetricTypeSummary:
		switch part {
		case "":
			if ls.Has(model.QuantileLabel) {
				return kindQuantile
			}
		case "_sum":
			return kindSummarySum
		case "_count":
			return kindSummaryCount
		case "_created":
			return kindCreated
		}
	case model.MetricTypeGauge, model.MetricTypeGaugeHistogram, model.MetricTypeUnknown:
	}
	return kindGauge
}

func bound(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// check fails the scrape of a page whose labels are beyond a limit.
func (l limits) check(ls labels.Labels) error {
	if n := ls.Len(); n > l.labels {
		return fmt.Errorf("a series has %d labels, more than label_limit, %d: %.200s", n, l.labels, ls)
	}
	return ls.Validate(func(one labels.Label) error {
		if n := len(one.Name); n > l.nameLength {
			return fmt.Errorf("the name of a label has %d bytes, more than label_name_length_limit, %d: %.200s", n, l.nameLength, ls)
		}
		if n := len(one.Value); n > l.valueLength {
			return fmt.Errorf("label %s has %d bytes, more than label_value_length_limit, %d: %.200s", one.Name, n, l.valueLength, ls)
		}
		return nil
	})
}
