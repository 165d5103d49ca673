package elasticsearchexporter

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
	"go.uber.org/zap"
)

const probeTimeout = 5 * time.Second

// oldest is the first version that has the settings of the plainest templates.
var oldest = [2]int{8, 3}

// probe asks a server once what it is, beside the export, and says so in the
// log. That it cannot tell, as behind a proxy that lets nothing but bulk
// requests pass, changes nothing. nil asks nothing.
type probe struct {
	transport elastictransport.Interface
	logger    *zap.Logger

	once   sync.Once
	wg     sync.WaitGroup
	cancel context.CancelFunc // ends ctx
	ctx    context.Context    //nolint:containedctx // of the goroutine that the exporter owns
}

func newProbe(transport elastictransport.Interface, logger *zap.Logger) *probe {
	p := &probe{transport: transport, logger: logger}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// begin asks, the first time it is called, and does not wait for the answer.
func (p *probe) begin() {
	if p == nil {
		return
	}
	p.once.Do(func() {
		p.wg.Go(func() {
			ctx, cancel := context.WithTimeout(p.ctx, probeTimeout)
			defer cancel()
			p.ask(ctx)
		})
	})
}

// stop ends the question and waits for its end. It may be called twice.
func (p *probe) stop() {
	if p != nil {
		p.once.Do(func() {}) // none begins any more
		p.cancel()
		p.wg.Wait()
	}
}

func (p *probe) ask(ctx context.Context) {
	version, err := p.version(ctx)
	switch {
	case err != nil:
		p.logger.Debug("The server does not say what it is; exporting all the same.", zap.Error(err))
	case version.Distribution != "":
		p.logger.Warn("The server is not Elasticsearch; exporting all the same, but only Elasticsearch is tested.",
			zap.String("distribution", version.Distribution), zap.String("version", version.Number))
	case version.older(oldest):
		p.logger.Warn(fmt.Sprintf("Elasticsearch is older than %d.%d: its index templates can't be installed, and documents take whatever mapping it has. Update it, or set setup: off and install your own.", oldest[0], oldest[1]),
			zap.String("version", version.Number))
	default:
		p.logger.Info("Exporting to Elasticsearch.", zap.String("version", version.Number))
	}
}

// serverVersion is what a server says of itself.
type serverVersion struct {
	Number       string `json:"number"`
	Distribution string `json:"distribution"` // of forks; Elasticsearch has none
}

// older reports whether the version is known to be below.
func (v serverVersion) older(than [2]int) bool {
	major, rest, _ := strings.Cut(v.Number, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(major)
	if err != nil {
		return false
	}
	b, err := strconv.Atoi(minor)
	return err == nil && (a < than[0] || a == than[0] && b < than[1])
}

func (p *probe) version(ctx context.Context) (serverVersion, error) {
	response, err := esapi.InfoRequest{}.Do(ctx, p.transport)
	if err != nil {
		return serverVersion{}, fmt.Errorf("get version: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxSettings))
	if err != nil {
		return serverVersion{}, fmt.Errorf("get version: %w", err)
	}
	var answer struct {
		Version serverVersion `json:"version"`
	}
	if response.StatusCode != 200 || json.Unmarshal(text, &answer) != nil || answer.Version.Number == "" {
		return serverVersion{}, fmt.Errorf("get version: server answers %d: %s", response.StatusCode, excerpt(text))
	}
	return answer.Version, nil
}
