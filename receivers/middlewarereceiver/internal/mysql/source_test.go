package mysql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// refusing greets each connection with an error and ends it.
func refusing(t *testing.T, number int, message string) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	body := append([]byte{0xff, byte(number), byte(number >> 8)}, message...)
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write(append([]byte{byte(len(body)), 0, 0, 0}, body...))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

const secret = `hunter2 @'/\"%`

func scrape(t *testing.T, cfg Config, endpoint string) error {
	s, err := New(cfg, endpoint)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	return s.Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics())
}

func TestAServerThatRefusesIsExplainedWithoutThePassword(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Username, cfg.Password = "o'neil", configopaque.String(secret)
	for number, hint := range map[int]string{
		1045: "set mysql::username and mysql::password", 1130: "for the agent's host", 1129: "FLUSH HOSTS", 1040: "raise max_connections", 1862: "has expired",
	} {
		err := scrape(t, cfg, refusing(t, number, "not with "+secret))
		var refused *source.RefusedError
		require.ErrorAs(t, err, &refused, number)
		require.Contains(t, refused.Hint, hint)
		require.ErrorContains(t, err, "not with ****")
		require.NotContains(t, err.Error(), "hunter2")
	}
	err := scrape(t, cfg, refusing(t, 1105, "broken, says "+secret))
	require.EqualError(t, err, "Error 1105: broken, says ****")
}

func TestNobodyListens(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Password = configopaque.String(secret)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, endpoint := range []string{l.Addr().String(), t.TempDir() + "/mysqld.sock"} {
		err = scrape(t, cfg, endpoint)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err = New(cfg, "user:pw@host:1")
	require.Error(t, err)
}

func TestAReadingEndsWithItsContext(t *testing.T) {
	s, err := New(DefaultConfig(), "127.0.0.1:3306")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Scrape(ctx, time.Unix(1, 0), pmetric.NewMetrics()), context.Canceled)
	require.NoError(t, s.Close())
}

func TestErrorsAreClassified(t *testing.T) {
	for number, want := range map[uint16]query.Reason{
		1227: query.Refused, 1142: query.Refused, 3024: query.TimedOut, 1969: query.TimedOut, 1146: query.Unsupported, 1193: query.Unsupported,
		1053: query.Broken, 1105: query.Failed,
	} {
		require.Equal(t, want, classify(fmt.Errorf("ask: %w", &mysql.MySQLError{Number: number})), number)
	}
	require.Equal(t, query.Broken, classify(mysql.ErrInvalidConn))
	require.Equal(t, query.Failed, classify(errors.New("scan")))
}

func TestConfig(t *testing.T) {
	cfg := DefaultConfig()
	require.NoError(t, cfg.Validate())
	for want, edit := range map[string]func(*Config){
		"max_databases must be positive":         func(c *Config) { c.MaxDatabases = 0 },
		"max_tables must not be negative":        func(c *Config) { c.MaxTables = -1 },
		"statement_timeout must be at least 1ms": func(c *Config) { c.StatementTimeout = time.Microsecond },
	} {
		c := DefaultConfig()
		edit(&c)
		require.ErrorContains(t, c.Validate(), want)
	}
}
