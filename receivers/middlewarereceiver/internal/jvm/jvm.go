// Package jvm reads the page in Prometheus' text format that jmx_exporter, Micrometer
// (Spring Boot) and OpenTelemetry's Java agent show, and gives what it says of the Java
// virtual machine the names of OpenTelemetry's semantic conventions. What the page says
// of the application is left to the scrape receiver.
package jvm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Kind is the key of the configuration.
const Kind = "jvm"

const defaultPort = 9404

// maxPage bounds the page in bytes: that of a large application has some hundred KB.
const maxPage = 8 << 20

type reader struct {
	cfg    Config
	server source.Server
	listed bool
	pages  *source.Pages
	paths  []string
	path   string // where the page was found
	resets source.Resets
}

// New returns the source of one virtual machine. It does not connect.
func New(cfg Config, endpoint string) (source.Source, error) {
	server, err := source.Parse(Kind, cfg.ServiceName, endpoint, defaultPort)
	if err != nil {
		return nil, err
	}
	r := &reader{
		cfg: cfg, server: server, paths: cfg.Paths,
		listed: slices.Contains(cfg.Endpoints, endpoint),
		pages:  source.NewPages(server, cfg.Servers, endpoint),
	}
	if u, err := url.Parse(endpoint); err == nil && strings.HasPrefix(u.Scheme, "http") && u.Path != "" {
		r.paths = []string{u.RequestURI()}
	}
	return r, nil
}

// Close releases the connection.
func (r *reader) Close() error {
	r.pages.Close()
	return nil
}

// Scrape reads the page where it was found, or looks for it.
func (r *reader) Scrape(ctx context.Context, now time.Time, md pmetric.Metrics) error {
	paths := r.paths
	if r.path != "" {
		paths = []string{r.path}
	}
	var err error
	for _, path := range paths {
		var p *page
		if p, err = r.read(ctx, path); err == nil {
			r.path = path
			r.append(p, now, md)
			return nil
		}
		if !errors.Is(err, source.ErrOther) {
			return err
		}
	}
	r.path = ""
	return err
}

func (r *reader) read(ctx context.Context, path string) (*page, error) {
	answer, err := r.pages.Get(ctx, path, r.cfg.Username, string(r.cfg.Password), maxPage)
	if err != nil {
		return nil, err
	}
	switch answer.Status {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		if err = fmt.Errorf("%s answers %d", path, answer.Status); r.listed {
			return nil, &source.RefusedError{Hint: "set jvm::username and jvm::password, and allow them to read the page", Err: err}
		}
		return nil, fmt.Errorf("%w: %w", source.ErrOther, err)
	default:
		return nil, fmt.Errorf("%w: %s answers %d", source.ErrOther, path, answer.Status)
	}
	p, err := parse(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(p.points) == 0 {
		return nil, fmt.Errorf("%w: %s tells of no jvm_", source.ErrOther, path)
	}
	return p, nil
}

// Port tells from an argument of a Java process on which port it shows metrics: of
// jmx_exporter, OpenTelemetry's agent and Spring Boot.
func Port(argument string) (int, bool) {
	name, value, _ := strings.Cut(argument, "=")
	switch {
	case strings.HasPrefix(name, "-javaagent:") && strings.Contains(name, "jmx_prometheus_javaagent"):
		for part := range strings.SplitSeq(value, ":") { // PORT:FILE or HOST:PORT:FILE
			if port, err := strconv.ParseUint(part, 10, 16); err == nil && port > 0 {
				return int(port), true
			}
		}
		return 0, false
	case name == "-Dotel.exporter.prometheus.port", name == "-Dserver.port", name == "-Dmanagement.server.port",
		name == "--server.port", name == "--management.server.port":
		port, err := strconv.ParseUint(value, 10, 16)
		return int(port), err == nil && port > 0
	default:
		return 0, false
	}
}
