package anomalyconnector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/internal/snapshot"
)

// watcher is what the two sides of one connector share: the detectors. The
// service makes one instance per kind of output, and the pipeline gives the same
// points to both; only one of them observes.
type watcher struct {
	cfg       *Config
	id        component.ID
	logger    *zap.Logger
	telemetry *telemetry
	rules     []*rule
	now       func() time.Time

	starts  int // guarded by building, as are keeper and warm
	keeper  *snapshot.Keeper
	warm    *warmStart       // nil without history; set before the first point
	metrics consumer.Metrics // nil without a metrics side
	logs    consumer.Logs    // nil without a logs side
	failing atomic.Bool      // the logs pipeline refuses findings

	mu                  sync.Mutex // guards all below
	series              map[seriesID]*series
	names               map[uint64]*rule // by hash of the metric's name; nil: not watched
	bytes               int64            // held by series
	exported, forecasts int
	rollups             int
	groups              map[seriesID]*group // findings that are open, by the series that leads
	latest              map[uint64]seriesID // the last opened one, by hash of the resource
	batchTime           time.Time
	sweptAt, madeRoomAt time.Time
	counts              counts
	pending             pending
}

// building guards what the sides of connectors do once in their lives.
var building sync.Mutex

// maxNames bounds the cache of which rule a name has.
const maxNames = 10000

// watcherFor returns what the sides built from cfg share. A side that the
// watcher has already belongs to an earlier build of the same configuration, for
// instance to check it; the new build gets a watcher of its own.
func watcherFor(set connector.Settings, cfg *Config, has func(*watcher) bool) (*watcher, error) {
	building.Lock()
	defer building.Unlock()
	if w := cfg.built; w != nil && !has(w) {
		return w, nil
	}
	w := &watcher{
		cfg: cfg, id: set.ID, logger: set.Logger, rules: compileRules(cfg), now: time.Now,
		series: map[seriesID]*series{}, names: map[uint64]*rule{},
		groups: map[seriesID]*group{}, latest: map[uint64]seriesID{},
	}
	var err error
	if w.telemetry, err = newTelemetry(set.TelemetrySettings, w); err != nil {
		return nil, fmt.Errorf("create telemetry: %w", err)
	}
	cfg.built = w
	return w, nil
}

// start opens the storage for the first side that starts.
func (w *watcher) start(ctx context.Context, host component.Host) error {
	building.Lock()
	defer building.Unlock()
	if w.starts++; w.starts > 1 {
		return nil
	}
	keeper, err := snapshot.Open(ctx, host, w.cfg.Storage, component.KindConnector, w.id, "", w.logger)
	if err != nil {
		return err
	}
	b, err := keeper.Load(ctx)
	if err != nil {
		return errors.Join(err, keeper.Close(ctx))
	}
	if err := w.restore(b); err != nil {
		w.logger.Warn("Saved baselines can't be used; learning starts anew.", zap.Error(err))
	}
	keeper.Start(w.cfg.SnapshotInterval, func() ([]byte, error) { return w.appendSnapshot(nil), nil })
	w.keeper = keeper
	w.warm = w.startWarm()
	w.serve(host)
	return nil
}

// stop saves and closes when the last side stops. Sides that never started count
// for nothing.
func (w *watcher) stop(ctx context.Context, started bool) error {
	building.Lock()
	defer building.Unlock()
	if started {
		w.starts--
	}
	if w.starts > 0 {
		return nil
	}
	if w.cfg.built == w {
		w.cfg.built = nil
	}
	w.warm.close()
	w.telemetry.close()
	keeper := w.keeper
	w.keeper = nil
	if keeper == nil {
		return nil
	}
	return keeper.Close(ctx)
}

// observe looks at every point of md and returns the baselines to export; what is
// to be said goes to pending.
func (w *watcher) observe(ctx context.Context, md pmetric.Metrics) pmetric.Metrics {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batchTime = w.now()
	w.expire(w.cfg.SeriesExpiry, &w.sweptAt)
	out := pmetric.NewMetrics()
	for _, rm := range md.ResourceMetrics().All() {
		b := batch{watcher: w, resource: rm.Resource(), resourceHash: attrhash.Map(rm.Resource().Attributes()), baselines: baselines{out: out, resource: rm}}
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				b.metric(m)
			}
		}
		b.open()
	}
	w.telemetry.record(ctx, &w.counts)
	return out
}

// ruleOf is the first rule that matches a metric's name, nil if it is not watched.
func (w *watcher) ruleOf(name string) *rule {
	h := xxhash.Sum64String(name)
	if r, ok := w.names[h]; ok {
		return r
	}
	if len(w.names) >= maxNames {
		clear(w.names)
	}
	var found *rule
	for _, r := range w.rules {
		if r.matchesName(name) {
			found = r
			break
		}
	}
	if found != nil && found.Ignore {
		found = nil
	}
	w.names[h] = found
	return found
}
