// Package redis reads what INFO tells: of Redis, Valkey and KeyDB.
package redis

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Kind is the key of the configuration.
const Kind = "redis"

// DefaultPort is that of Redis.
const DefaultPort = 6379

type reader struct {
	cfg    Config
	server source.Server
	conn   *connection
	since  source.Since
	id     string
}

// New returns the source of one server. It does not connect.
func New(cfg Config, endpoint string) (source.Source, error) {
	server, err := source.Parse(Kind, cfg.ServiceName, endpoint, DefaultPort)
	if err != nil {
		return nil, err
	}
	return &reader{cfg: cfg, server: server}, nil
}

// Identity is the server's run_id.
func (r *reader) Identity() string { return r.id }

// Close releases the connection.
func (r *reader) Close() error {
	if r.conn == nil {
		return nil
	}
	conn := r.conn
	r.conn = nil
	return conn.Close()
}

// Scrape asks for INFO. A connection that was kept and has ended meanwhile is made again.
func (r *reader) Scrape(ctx context.Context, now time.Time, md pmetric.Metrics) error {
	kept := r.conn != nil
	text, err := r.info(ctx)
	if err != nil && kept && ctx.Err() == nil {
		text, err = r.info(ctx)
	}
	if err != nil {
		return err
	}
	info := parse(text)
	if info.fields["redis_version"] == "" {
		_ = r.Close()
		return fmt.Errorf("read INFO: %w", errNotRedis)
	}
	r.id = info.fields["run_id"]
	r.append(info, now, md)
	return nil
}

// info gives up the connection with every error.
func (r *reader) info(ctx context.Context) (string, error) {
	if r.conn == nil {
		if err := r.connect(ctx); err != nil {
			return "", err
		}
	}
	text, err := r.conn.ask(ctx, "INFO")
	if err != nil {
		_ = r.Close() // the error says what happened
		return "", explain(fmt.Errorf("ask INFO: %w", err), r.cfg)
	}
	return text, nil
}

func (r *reader) connect(ctx context.Context) error {
	conn, err := r.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c := newConnection(conn)
	if password := string(r.cfg.Password); password != "" {
		args := []string{"AUTH", password}
		if r.cfg.Username != "" {
			args = []string{"AUTH", r.cfg.Username, password}
		}
		if _, err := c.ask(ctx, args...); err != nil {
			_ = c.Close()
			return explain(fmt.Errorf("authenticate: %w", err), r.cfg)
		}
	}
	r.conn = c
	return nil
}

func (r *reader) dial(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, r.server.Network, r.server.Address)
	if err != nil || !r.cfg.TLS.HasValue() {
		return conn, err
	}
	return source.Secure(ctx, conn, r.cfg.TLS.Get(), r.server.Host)
}

// explain makes a refusal of the server's errors that are one.
func explain(err error, cfg Config) error {
	text := err.Error()
	for code, hint := range map[string]string{
		"-NOAUTH ":    "set redis::password",
		"-WRONGPASS ": "redis::username or redis::password is not the server's",
		"-NOPERM ":    "allow it: ACL SETUSER " + user(cfg) + " +info",
		"-DENIED ":    "the server's protected mode is on: let it have a password, and set redis::password",
		"-ERR AUTH <password> called without any password": "the server wants no password: leave out redis::password",
		"-ERR Client sent AUTH, but no password is set":    "the server wants no password: leave out redis::password",
		"-ERR invalid password":                            "redis::password is not the server's",
	} {
		if strings.Contains(text, code) {
			return &source.RefusedError{Hint: hint, Err: err}
		}
	}
	return err
}

func user(cfg Config) string {
	if cfg.Username == "" {
		return "default"
	}
	return cfg.Username
}
