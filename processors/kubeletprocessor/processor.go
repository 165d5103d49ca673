package kubeletprocessor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"

	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/signals"
)

type kubeletProcessor struct {
	cfg       *Config
	set       processor.Settings
	telemetry *telemetry

	directory *kubelet.Directory
	release   func()
	// patience ends when records are no longer held back for the first list.
	patience context.Context
	give     context.CancelFunc
	// vain is when a wait for an unknown pod ended in vain last, in Unix nanoseconds.
	vain atomic.Int64
}

func newProcessor(set processor.Settings, cfg *Config, signal string) (*kubeletProcessor, error) {
	t, err := newTelemetry(set, signal)
	if err != nil {
		return nil, err
	}
	return &kubeletProcessor{cfg: cfg, set: set, telemetry: t}, nil
}

func (k *kubeletProcessor) start(context.Context, component.Host) error {
	d, release, err := kubelet.Acquire(k.cfg.Config, k.set.Logger, k.set.MeterProvider.Meter(scopeName))
	if err != nil {
		return fmt.Errorf("ask the kubelet: %w", err)
	}
	k.directory, k.release = d, release
	k.patience, k.give = context.WithTimeout(context.Background(), k.cfg.WaitAtStart)
	return nil
}

func (k *kubeletProcessor) shutdown(context.Context) error {
	if k.release != nil {
		k.give()
		k.release()
		k.release = nil
	}
	return nil
}

func (k *kubeletProcessor) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	peer := k.peer(ctx)
	for _, r := range ld.ResourceLogs().All() {
		k.annotate(ctx, r.Resource().Attributes(), peer)
	}
	return ld, nil
}

func (k *kubeletProcessor) processTraces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	peer := k.peer(ctx)
	for _, r := range td.ResourceSpans().All() {
		k.annotate(ctx, r.Resource().Attributes(), peer)
	}
	return td, nil
}

func (k *kubeletProcessor) processMetrics(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	peer := k.peer(ctx)
	for _, r := range md.ResourceMetrics().All() {
		k.annotate(ctx, r.Resource().Attributes(), peer)
		if k.cfg.WorkloadLabels {
			k.labelPoints(r)
		}
	}
	return md, nil
}

// annotate finds the pod of a resource, and writes down what is known of it, or that it
// is not known.
func (k *kubeletProcessor) annotate(ctx context.Context, resource pcommon.Map, peer netip.Addr) {
	c, ok := k.claim(resource, peer)
	if !ok {
		return
	}
	ready := k.hold(ctx)
	found := c.find(k.directory.Index())
	if found.pod == nil && ready {
		if c.way == byConnection { // most likely from another node
			k.directory.Miss(c.name)
			return
		}
		found = k.await(ctx, c)
	}
	if found.pod == nil {
		if c.way != byConnection {
			k.miss(ctx, resource, c, ready)
		}
		return
	}
	if c.way == byConnection && foreign(resource, found.pod) {
		return
	}
	k.telemetry.match(ctx, c.way)
	k.describe(resource, found)
}

// hold waits for the first list, until patience ends, and says whether it is there.
func (k *kubeletProcessor) hold(ctx context.Context) bool {
	select {
	case <-k.directory.Ready():
		return true
	default:
	}
	if k.patience.Err() == nil {
		k.telemetry.hold(ctx)
	}
	select {
	case <-k.directory.Ready():
		return true
	case <-k.patience.Done():
	case <-ctx.Done():
	}
	return false
}

// rest is for how many times WaitUnknown nothing waits after a wait in vain: folders of
// pods that are long gone, of which a node may have many, must not hold up the others.
const rest = 10

// await asks for a pod that is not known, and waits for the answer the first time.
func (k *kubeletProcessor) await(ctx context.Context, c claim) (found finding) {
	begin := time.Now()
	if k.cfg.WaitUnknown <= 0 || begin.Sub(time.Unix(0, k.vain.Load())) < rest*k.cfg.WaitUnknown {
		k.directory.Miss(c.name)
		return finding{}
	}
	k.directory.Await(ctx, c.name, k.cfg.WaitUnknown, func(x *kubelet.Index) bool {
		found = c.find(x)
		return found.pod != nil
	})
	if took := time.Since(begin); took > time.Millisecond {
		k.telemetry.hold(ctx)
		if found.pod == nil {
			k.vain.Store(begin.Add(took).UnixNano())
		}
	}
	return found
}

// miss keeps what the claim itself says, and tags the resource.
func (k *kubeletProcessor) miss(ctx context.Context, resource pcommon.Map, c claim, ready bool) {
	reason := signals.PodMissUnknown
	if !ready {
		reason = signals.PodMissPending
	}
	k.telemetry.miss(ctx, reason)
	k.putPath(resource, c.path)
	resource.PutStr(signals.AttrPodMiss, reason)
}

// peer is the address that a batch came from, if it came from the network.
func (k *kubeletProcessor) peer(ctx context.Context) netip.Addr {
	var ip net.IP
	switch a := client.FromContext(ctx).Addr.(type) {
	case *net.TCPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	case *net.UDPAddr:
		ip = a.IP
	}
	addr, _ := netip.AddrFromSlice(ip)
	if addr = addr.Unmap(); addr.IsLoopback() {
		return netip.Addr{}
	}
	return addr
}
