// Package source is what the kinds of servers that the middleware receiver reads have in
// common: how they are read, named and told apart.
package source

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// ScopeName is the instrumentation scope of all metrics of the receiver.
const ScopeName = "github.com/tidewatch/tidewatch/receivers/middlewarereceiver"

// Source reads one server. It is not for concurrent use.
type Source interface {
	// Scrape appends one ResourceMetrics (or a few) of the server to md, with start
	// timestamps where values are cumulative. With an error it appends nothing, or what
	// it has read so far. It never panics, and returns soon after ctx ends. A server that
	// wants other credentials or grants too little is told by a *RefusedError.
	Scrape(ctx context.Context, now time.Time, md pmetric.Metrics) error
	// Close releases connections. No Scrape follows.
	Close() error
}

// Identified is a Source that knows which server it reads, through whichever address.
type Identified interface {
	// Identity is the same at every address of a server, as of the last Scrape; empty is
	// not known.
	Identity() string
}

// Incomplete is a Source whose server may refuse a part of what is asked and answer the
// rest, which is no error of Scrape.
type Incomplete interface {
	// Missing returns what the server began to refuse since the last call: sentences that
	// say what to do. They hold no secret.
	Missing() []string
}

// RefusedError is the answer of a server that is there, and lets nobody in with these
// credentials or rights.
type RefusedError struct {
	// Hint says what to do, for a person: which key to set, which right to grant. It
	// holds no secret.
	Hint string
	// Err is what the server said.
	Err error
}

func (e *RefusedError) Error() string { return e.Err.Error() + ": " + e.Hint }

func (e *RefusedError) Unwrap() error { return e.Err }

// Servers is the part of a kind's configuration that all kinds have.
type Servers struct {
	// Endpoints lists servers: host:port, or the path of a unix socket. Empty means that
	// they are looked for on this host.
	Endpoints []string `mapstructure:"endpoints"`
	// ServiceName is the attribute service.name; empty means the kind.
	ServiceName string `mapstructure:"service_name"`
	// TLS is used where it is set, if only to {}.
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
}
