package kubelet

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Directory keeps the node's pods up to date. It is safe for concurrent use.
type Directory struct {
	cfg    Config
	client *Client
	log    *zap.Logger
	index  atomic.Pointer[Index]
	ready  chan struct{} // closed by the first list that was read
	asked  chan struct{}
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex    // guards what follows
	news    chan struct{} // closed by the next list, read or failed
	unknown unknown

	stats stats
}

type stats struct{ lists, failures, asked, refused, evicted atomic.Int64 }

// Stats are counts since the start, and the pods known now.
type Stats struct {
	// Lists were read, Failures could not be; Asked of them were asked for by an unknown pod.
	Lists, Failures, Asked int64
	// Refused and Evicted are pods beyond max_pods: listed ones, and such as were gone.
	Refused, Evicted int64
	Pods             int
}

// Open starts to list the pods. The logger hears of changes of state only.
func Open(cfg Config, log *zap.Logger) (*Directory, error) {
	client, err := NewClient(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &Directory{
		cfg: cfg, client: client, log: log, cancel: cancel,
		ready: make(chan struct{}), asked: make(chan struct{}, 1), done: make(chan struct{}), news: make(chan struct{}),
	}
	d.index.Store(newIndex(nil, nil))
	go d.run(ctx)
	return d, nil
}

// Close ends the listing and waits for it. It must be called once.
func (d *Directory) Close() {
	d.cancel()
	<-d.done
	d.client.Close()
}

// Index is what is known now.
func (d *Directory) Index() *Index { return d.index.Load() }

// Client asks the same kubelet.
func (d *Directory) Client() *Client { return d.client }

// Node is the node's name: that of the configuration, or what its pods say.
func (d *Directory) Node() string {
	if d.cfg.NodeName != "" {
		return d.cfg.NodeName
	}
	return d.Index().node
}

// Ready is closed when the pods were listed for the first time.
func (d *Directory) Ready() <-chan struct{} { return d.ready }

// Stats are the counts so far.
func (d *Directory) Stats() Stats {
	s := &d.stats
	return Stats{
		Lists: s.lists.Load(), Failures: s.failures.Load(), Asked: s.asked.Load(),
		Refused: s.refused.Load(), Evicted: s.evicted.Load(), Pods: len(d.Index().pods),
	}
}

// Miss says that a name was not found, so that the pods are listed soon. A name that
// stays unknown asks ever more rarely, at least once a minute.
func (d *Directory) Miss(name string) { d.miss(name) }

// Await is Miss for a name that is likely to be in the next list: the first time that it
// is missed it waits for that list, at most for limit, and returns what found makes of
// it. It is false at once for a name that was missed before.
func (d *Directory) Await(ctx context.Context, name string, limit time.Duration, found func(*Index) bool) bool {
	news, first := d.miss(name)
	if !first {
		return false
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for range 2 { // the first list may have begun before the pod was there
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return false
		case <-news:
		}
		news = d.next()
		if found(d.Index()) {
			return true
		}
		d.ask()
	}
	return false
}

// ask makes the next list soon.
func (d *Directory) ask() {
	select {
	case d.asked <- struct{}{}:
	default:
	}
}

func (d *Directory) miss(name string) (news <-chan struct{}, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	again, first := d.unknown.ask(name, time.Now(), d.cfg.MinRefreshInterval)
	if again {
		d.ask()
	}
	return d.news, first
}

// next is closed after the next list.
func (d *Directory) next() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.news
}

func (d *Directory) run(ctx context.Context) {
	defer close(d.done)
	pace, failing, asked := newPace(d.cfg.MinRefreshInterval, d.cfg.RefreshInterval), false, false
	for {
		// What is asked for from now on may not be in this list.
		did, err := d.list(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			pace.failed()
			d.stats.failures.Add(1)
			if !failing {
				d.log.Warn("the kubelet does not list its pods; records go on without what it knows", zap.Error(err))
			}
		} else {
			pace.listed(asked, did.added > 0)
			d.stats.lists.Add(1)
			if failing {
				d.log.Info("the kubelet lists its pods again")
			}
		}
		failing = err != nil
		d.tell()
		var ok bool
		if asked, ok = d.wait(ctx, &pace); !ok {
			return
		}
		if asked {
			d.stats.asked.Add(1)
		}
	}
}

// tell wakes those who wait for a list.
func (d *Directory) tell() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.news)
	d.news = make(chan struct{})
}

// wait returns when it is time for the next list, and whether one was asked for.
func (d *Directory) wait(ctx context.Context, p *pace) (asked, ok bool) {
	ordinary, least := p.next()
	timer := time.NewTimer(ordinary)
	defer timer.Stop()
	begin := time.Now()
	select {
	case <-ctx.Done():
		return false, false
	case <-timer.C:
		return false, true
	case <-d.asked:
	}
	timer.Reset(max(least-time.Since(begin), 0))
	select {
	case <-ctx.Done():
		return true, false
	case <-timer.C:
		return true, true
	}
}

func (d *Directory) list(ctx context.Context) (change, error) {
	var list []*Pod
	refused := 0
	err := d.client.Pods(ctx, func(p *Pod) {
		if len(list) < d.cfg.MaxPods {
			list = append(list, p)
		} else {
			refused++
		}
	})
	if err != nil {
		return change{}, err
	}
	index, did := d.Index().update(list, time.Now(), d.cfg.KeepGone, d.cfg.MaxPods)
	d.index.Store(index)
	d.stats.refused.Add(int64(refused))
	d.stats.evicted.Add(int64(did.evicted))
	select {
	case <-d.ready:
	default:
		close(d.ready)
	}
	return did, nil
}
