package hostprocessor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/signals"
)

// machineIDFiles hold the id of the machine, the first that exists counts
// (machine-id(5)).
var machineIDFiles = []string{"/etc/machine-id", "/var/lib/dbus/machine-id"}

// host is what is known of this host.
type host struct {
	cfg *Config
	log *zap.Logger
	// attrs name the host itself, and are written together or not at all.
	attrs []attr
	// more are written where they are absent. The cloud's metadata come later than the
	// rest, so the list is replaced as a whole.
	more atomic.Pointer[[]attr]

	asking sync.WaitGroup
	cancel context.CancelFunc
}

type attr struct{ key, value string }

func newHost(log *zap.Logger, cfg *Config) (*host, error) {
	h := &host{cfg: cfg, log: log}
	more := h.detect()
	name := cfg.Name
	if i := slices.IndexFunc(more, func(a attr) bool { return a.key == signals.AttrHostName }); i >= 0 && name == "" {
		name = more[i].value
	}
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("detect host name: %w; set name in the configuration", err)
		}
	}
	h.attrs = []attr{
		{signals.AttrHostName, name},
		{signals.AttrHostArch, runtime.GOARCH},
		{signals.AttrOSType, runtime.GOOS},
	}
	if id := machineID(cfg.RootPath); id != "" {
		h.attrs = append(h.attrs, attr{signals.AttrHostID, id})
	}
	h.more.Store(&more)
	return h, nil
}

func machineID(root string) string {
	for _, f := range machineIDFiles {
		if b, err := os.ReadFile(filepath.Join(root, f)); err == nil {
			return string(bytes.TrimSpace(b))
		}
	}
	return ""
}

// start asks the cloud's metadata service, if that is wanted, and does not wait for it.
func (h *host) start(context.Context, component.Host) error {
	if !slices.Contains(h.cfg.Detect, detectMetadata) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.MetadataTimeout)
	h.cancel = cancel
	h.asking.Go(func() {
		defer cancel()
		found, err := askCloud(ctx, h.cfg.MetadataEndpoint)
		if err != nil {
			h.log.Info("no cloud tells about this host", zap.Error(err))
			return
		}
		more := append(found, *h.more.Load()...)
		h.more.Store(&more)
	})
	return nil
}

func (h *host) shutdown(context.Context) error {
	if h.cancel != nil {
		h.cancel()
	}
	h.asking.Wait()
	return nil
}

func (h *host) processTraces(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	for _, r := range td.ResourceSpans().All() {
		h.annotate(r.Resource().Attributes())
	}
	return td, nil
}

func (h *host) processMetrics(_ context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	for _, r := range md.ResourceMetrics().All() {
		h.annotate(r.Resource().Attributes())
	}
	return md, nil
}

func (h *host) processLogs(_ context.Context, ld plog.Logs) (plog.Logs, error) {
	for _, r := range ld.ResourceLogs().All() {
		h.annotate(r.Resource().Attributes())
	}
	return ld, nil
}

// annotate describes this host, unless the resource names a host already: the
// attributes of two hosts must not be mixed.
func (h *host) annotate(resource pcommon.Map) {
	if _, named := resource.Get(signals.AttrHostName); named && !h.cfg.Override {
		return
	}
	for _, a := range h.attrs {
		resource.PutStr(a.key, a.value)
	}
	for _, a := range *h.more.Load() {
		if _, ok := resource.Get(a.key); !ok {
			resource.PutStr(a.key, a.value)
		}
	}
}
