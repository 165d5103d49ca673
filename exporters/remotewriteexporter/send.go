package remotewriteexporter

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

const (
	// maxFree and maxFreeSamples bound the memory that is kept for samples to half
	// a megabyte.
	maxFree        = 8
	maxFreeSamples = 2048
)

// push writes a batch, or what is left of it from an earlier try. What the
// receiver refuses for good is counted and does not count as an error: the rest
// of the batch has been written.
func (e *metricsExporter) push(ctx context.Context, req xexporterhelper.Request) error {
	b := req.(*batch)
	if !b.planned {
		e.plan(b)
	}
	errs := make([]error, len(b.left))
	var wg sync.WaitGroup
	for i := range b.left {
		if i == len(b.left)-1 { // the last one needs no goroutine
			b.left[i], errs[i] = e.sendShard(ctx, b.left[i])
			break
		}
		wg.Go(func() {
			errs[i] = e.telemetry.undelivered.Try(func() (err error) {
				b.left[i], err = e.sendShard(ctx, b.left[i])
				return err
			})
		})
	}
	wg.Wait()
	return longest(errs)
}

// plan divides the series of a batch among shards by their hash, and each shard
// into requests. A batch that fits one request uses one shard.
func (e *metricsExporter) plan(b *batch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	v := e.protocol.next(now)
	groups := e.layout.of(b)
	total := 0
	for i := range groups {
		total += e.layout.size(&groups[i])
	}
	shards := max(1, min(e.cfg.Shards, (total+e.cfg.MaxSamplesPerRequest-1)/e.cfg.MaxSamplesPerRequest))
	for len(e.shards) < shards {
		e.shards = append(e.shards, nil)
	}
	for i := range groups {
		to := groups[i].series.hash % uint64(shards) //nolint:gosec // positive
		e.shards[to] = append(e.shards[to], &groups[i])
	}
	sent := 0
	for i, shard := range e.shards[:shards] {
		e.shards[i] = shard[:0] // for the next batch
		if len(shard) == 0 {
			continue
		}
		all := e.encoder.requests(&e.layout, shard, e.cfg.MaxSamplesPerRequest, v)
		for i := range all { // divide the points by samples, so that nothing is left over
			before := b.points * sent / max(total, 1)
			sent += all[i].size()
			all[i].points = b.points*sent/max(total, 1) - before
		}
		b.left = append(b.left, all)
	}
	if v == v1 {
		e.describe(b, groups, now)
	}
	b.planned = true
	for _, chunk := range b.samples {
		e.keep(chunk)
	}
	b.samples, b.natives, b.exemplars = nil, nil, nil // all is in the requests
}

// keep has the memory of samples used again, within bounds.
func (e *metricsExporter) keep(chunk []sample) {
	if len(e.free) < maxFree && cap(chunk) <= maxFreeSamples {
		clear(chunk) // so that it holds no series
		e.free = append(e.free, chunk[:0])
	}
}

// room returns memory for about n samples.
func (e *metricsExporter) room(n int) []sample {
	for i, chunk := range slices.Backward(e.free) {
		if cap(chunk) >= n {
			e.free = slices.Delete(e.free, i, i+1)
			return chunk
		}
	}
	return make([]sample, 0, n)
}

// describe adds the metadata of families that were not described of late, after
// the samples, which matter more.
func (e *metricsExporter) describe(b *batch, groups []group, now time.Time) {
	if now.Sub(e.describeAt) >= metadataInterval || len(e.described) > e.cfg.MaxSeries {
		clear(e.described)
		e.describeAt = now
	}
	var families []*family
	for i := range groups {
		f := groups[i].series.family
		if _, ok := e.described[f]; !ok {
			e.described[f] = struct{}{}
			families = append(families, f)
		}
	}
	if len(families) == 0 {
		return
	}
	if len(b.left) == 0 {
		b.left = make([][]request, 1)
	}
	b.left[0] = append(b.left[0], e.encoder.metadata1(families))
}

// sendShard returns what is left and why.
func (e *metricsExporter) sendShard(ctx context.Context, left []request) ([]request, error) {
	for len(left) > 0 {
		r := &left[0]
		if r.version == v2 && e.version() == v1 { // another request has found out
			if err := e.toV1(r); err != nil {
				return left, err
			}
		}
		if err := e.gate.Wait(ctx, len(r.body)); err != nil {
			return left, err
		}
		err := e.post(ctx, r)
		if errors.Is(err, errOtherVersion) {
			continue
		}
		if err != nil {
			return left, breaker.Retryable(err)
		}
		left = left[1:]
	}
	return nil, nil
}

func (e *metricsExporter) version() version {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.protocol.current
}

// toV1 writes a request of version 2 anew.
func (e *metricsExporter) toV1(r *request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := decoder{table: e.table, now: e.now().UnixMilli()}
	b, err := d.decode(r.body)
	if err != nil {
		return err
	}
	groups := e.layout.of(b)
	all := make([]*group, len(groups))
	for i := range groups {
		all[i] = &groups[i]
	}
	for _, one := range e.encoder.requests(&e.layout, all, r.size(), v1) { // one, since they all fit
		one.points = r.points
		*r = one
	}
	return nil
}

// longest picks the failure with the longest wait that was asked for.
func longest(errs []error) error {
	var retry error
	var wait time.Duration
	for _, err := range errs {
		if err == nil {
			continue
		}
		retry = err
		if t, ok := errors.AsType[*throttled](err); ok {
			wait = max(wait, t.wait)
		}
	}
	if retry != nil && wait > 0 {
		return exporterhelper.NewThrottleRetry(retry, wait)
	}
	return retry
}
