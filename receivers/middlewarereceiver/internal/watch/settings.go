package watch

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Kind is a kind of servers: where they are looked for, and how one is read.
type Kind struct {
	// Name is the key of the configuration.
	Name string
	// Servers are listed endpoints, which turn the search off, and the service's name.
	Servers source.Servers
	// Ports are the usual ones, the first being that of an endpoint without one.
	Ports []int
	// Sockets are patterns of unix sockets.
	Sockets []string
	// SocketsFirst says that a server with both is read through its unix socket.
	SocketsFirst bool
	// Programs are the names of its processes, whose other ports are asked too.
	Programs []string
	// Port tells from an argument of such a process which port is to be asked. Where it is
	// set, other ports of the processes are not.
	Port func(argument string) (port int, ok bool)
	// Open returns the source of an endpoint. It does not connect.
	Open func(endpoint string) (source.Source, error)
}

// Settings of a Watch. None may be zero, but Kinds' fields.
type Settings struct {
	Kinds []Kind
	// MaxServers bounds how many servers there may be.
	MaxServers int
	// Concurrency bounds how many are read at once.
	Concurrency int
	// Timeout is that of one reading.
	Timeout time.Duration
	// Search is how often servers are looked for.
	Search time.Duration
	// Retry is how long an address is left alone that said no.
	Retry time.Duration
	// Forget is how long a server that was found is missed after it stopped listening.
	Forget time.Duration
	// Proc is /proc.
	Proc string

	Logger *zap.Logger
	Events Events
	// Consume takes what one server told. It is called by the goroutine of Round alone.
	Consume func(ctx context.Context, md pmetric.Metrics)
}

// Outcome is what became of one reading.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"
	Refused Outcome = "refused" // by the server: credentials or rights
)

// Events is told what happens. Its methods are called by the goroutine of Round alone.
type Events interface {
	// Scraped tells of one reading of a known server.
	Scraped(kind string, outcome Outcome)
	// Known tells after each round how many servers of a kind there are.
	Known(kind string, up, down, refused int)
	// Over tells after each search how many servers were found beyond MaxServers.
	Over(servers int)
}
