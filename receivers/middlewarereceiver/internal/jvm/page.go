package jvm

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

const (
	// maxPoints bounds what a page may say of its virtual machine: about a hundred points
	// are usual.
	maxPoints = 2048
	// maxSamples bounds the page's lines.
	maxSamples = 200_000
)

// page is what a page says of its virtual machine.
type page struct {
	points      []*point
	index       map[key]*point
	collections []*collection
	start       float64 // of the process, as a Unix time; 0 is not told
	runtime     map[string]string
	service     string
}

// key tells points apart.
type key struct {
	target     *target
	attributes string
}

type point struct {
	target     *target
	attributes []string // pairs of key and value
	value      float64
}

type collection struct {
	attributes []string
	count, sum float64
}

// parse reads a page. Lines of the application are passed over.
func parse(text []byte) (p *page, err error) {
	p = &page{index: map[key]*point{}}
	defer func() {
		if r := recover(); r != nil { // a page is hostile
			err = fmt.Errorf("the page broke the parser: %v", r)
		}
	}()
	lines, err := textparse.New(text, "text/plain", nil, textparse.ParserOptions{})
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	for n := 0; ; {
		entry, err := lines.Next()
		if errors.Is(err, io.EOF) {
			p.nameLive()
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("parse page: %w", err)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		if n++; n > maxSamples {
			return nil, fmt.Errorf("the page has more than %d samples", maxSamples)
		}
		series, _, value := lines.Series()
		if !interesting(series) || math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		var ls labels.Labels
		lines.Labels(&ls)
		if p.add(ls, value); len(p.points) > maxPoints || len(p.collections) > maxPoints {
			return nil, fmt.Errorf("the page says more than %d things of its virtual machine", maxPoints)
		}
	}
}

// interesting keeps the lines of applications from being taken apart.
func interesting(series []byte) bool {
	s := string(series[:min(len(series), 16)])
	return strings.HasPrefix(s, "jvm_") || strings.HasPrefix(s, "process_") || strings.HasPrefix(s, "system_cpu_count") || strings.HasPrefix(s, "target_info")
}

func (p *page) add(ls labels.Labels, value float64) {
	name := ls.Get(model.MetricNameLabel)
	switch name {
	case "process_start_time_seconds":
		p.start = value
		return
	case "jvm_info", "jvm_runtime_info":
		p.runtime = map[string]string{"name": ls.Get("runtime"), "version": ls.Get("version")}
		return
	case "target_info":
		p.service = ls.Get("service_name")
		return
	}
	if family, isSum := strings.CutSuffix(name, "_sum"); isSum && collections[family] {
		p.collection(ls).sum += value
		return
	}
	if family, isCount := strings.CutSuffix(name, "_count"); isCount && collections[family] {
		p.collection(ls).count += value
		return
	}
	t := names[name]
	if t == nil || t == memoryLimit && value <= 0 { // -1 is no limit
		return
	}
	attributes, ok := attributesOf(t, ls)
	if !ok {
		return
	}
	k := key{t, strings.Join(attributes, "\x00")}
	if known := p.index[k]; known != nil {
		known.value += value
		return
	}
	p.index[k] = &point{t, attributes, value}
	p.points = append(p.points, p.index[k])
}

// collection returns the one of the labels; causes of collections are added up.
func (p *page) collection(ls labels.Labels) *collection {
	var attributes []string
	if name := first(ls, "jvm_gc_name", "gc"); name != "" {
		attributes = append(attributes, "jvm.gc.name", name)
	}
	if action := first(ls, "jvm_gc_action", "action"); action != "" {
		attributes = append(attributes, "jvm.gc.action", action)
	}
	for _, c := range p.collections {
		if slices.Equal(c.attributes, attributes) {
			return c
		}
	}
	c := &collection{attributes: attributes}
	p.collections = append(p.collections, c)
	return c
}

// attributesOf returns those of the semantic conventions; false for lines that say again
// what others say.
func attributesOf(t *target, ls labels.Labels) ([]string, bool) {
	switch t {
	case memoryUsed, memoryCommitted, memoryLimit, memoryAfterGC:
		pool := first(ls, "jvm_memory_pool_name", "id", "pool")
		if pool == "" {
			return nil, t == memoryAfterGC // else a total over the pools
		}
		kind := "heap"
		if area := first(ls, "jvm_memory_type", "area"); area == "nonheap" || area == "non_heap" || area == "" && outside(pool) {
			kind = "non_heap"
		}
		return []string{"jvm.memory.pool.name", pool, "jvm.memory.type", kind}, true
	case threadCount:
		var attributes []string
		if daemon := ls.Get("jvm_thread_daemon"); daemon != "" {
			attributes = append(attributes, "jvm.thread.daemon", daemon)
		}
		if state := first(ls, "jvm_thread_state", "state"); state != "" {
			attributes = append(attributes, "jvm.thread.state", strings.ReplaceAll(strings.ToLower(state), "-", "_"))
		}
		return attributes, true
	case bufferUsed, bufferLimit, bufferCount:
		return []string{"jvm.buffer.pool.name", first(ls, "jvm_buffer_pool_name", "id", "pool")}, true
	default:
		return nil, true
	}
}

// outside reports whether a pool is outside of the heap.
func outside(pool string) bool {
	return strings.HasPrefix(pool, "Code") || strings.HasSuffix(pool, "Metaspace") || strings.HasSuffix(pool, "Class Space") || strings.HasSuffix(pool, "Perm Gen")
}

// nameLive gives what Micrometer calls live data the name of the pool that it lives in.
func (p *page) nameLive() {
	live := p.index[key{memoryAfterGC, ""}]
	if live == nil {
		return
	}
	pool := "long-lived"
	for _, other := range p.points {
		if other.target != memoryUsed {
			continue
		}
		if name := other.attributes[1]; strings.Contains(name, "Old Gen") || strings.Contains(name, "Tenured") {
			pool = name
		}
	}
	live.attributes = []string{"jvm.memory.pool.name", pool, "jvm.memory.type", "heap"}
}

// first returns the first label that is there.
func first(ls labels.Labels, keys ...string) string {
	for _, k := range keys {
		if v := ls.Get(k); v != "" {
			return v
		}
	}
	return ""
}
