package postgresql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// refusing answers each connection with an error and ends it.
func refusing(t *testing.T, code, message string) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096)) // what it wants
			body := "SFATAL\x00C" + code + "\x00M" + message + "\x00\x00"
			p := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4))
			_, _ = c.Write(append(p, body...))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

const secret = `hunter2 @'\"%`

func scrape(t *testing.T, cfg Config, endpoint string) error {
	s, err := New(cfg, endpoint)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	return s.Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics())
}

func TestAServerThatRefusesIsExplainedWithoutThePassword(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Username, cfg.Password = "o'neil", configopaque.String(secret)
	for code, hint := range map[string]string{
		"28P01": "set postgresql::username and postgresql::password",
		"28000": `have pg_hba.conf admit role "o'neil" to database postgres`,
		"3D000": "set postgresql::database",
		"42501": `GRANT CONNECT ON DATABASE postgres TO "o'neil";`,
		"53300": "raise max_connections",
	} {
		err := scrape(t, cfg, refusing(t, code, "no entry for "+secret))
		var refused *source.RefusedError
		require.ErrorAs(t, err, &refused, code)
		require.Contains(t, refused.Hint, hint)
		require.ErrorContains(t, err, "no entry for ****")
		require.NotContains(t, err.Error(), "hunter2")
	}
	err := scrape(t, cfg, refusing(t, "XX000", "broken, says "+secret))
	require.EqualError(t, err, "pq: broken, says **** (XX000)")
	var refused *source.RefusedError
	require.NotErrorAs(t, err, &refused)
}

func TestNobodyListens(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Password = configopaque.String(secret)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, endpoint := range []string{l.Addr().String(), t.TempDir() + "/.s.PGSQL.5432"} {
		err = scrape(t, cfg, endpoint)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestAReadingEndsWithItsContext(t *testing.T) {
	s, err := New(DefaultConfig(), "127.0.0.1:5432")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Scrape(ctx, time.Unix(1, 0), pmetric.NewMetrics()), context.Canceled)
	require.NoError(t, s.Close())
}

func TestEndpoints(t *testing.T) {
	for path, want := range map[string]string{
		"/run/postgresql/.s.PGSQL.5433": "/run/postgresql/ 5433",
		"/run/postgresql":               "/run/postgresql 5432",
		"/run/.s.PGSQL.x":               "/run/.s.PGSQL.x 5432",
	} {
		directory, port := socketDirectory(path)
		require.Equal(t, want, fmt.Sprint(directory, " ", port))
	}
	_, err := New(DefaultConfig(), "user:pw@host:1")
	require.Error(t, err)
}

func TestErrorsAreClassified(t *testing.T) {
	for code, want := range map[string]query.Reason{
		"42501": query.Refused, "28000": query.Refused, "57014": query.TimedOut, "55P03": query.TimedOut,
		"42P01": query.Unsupported, "42883": query.Unsupported, "57P01": query.Broken, "08006": query.Broken, "XX000": query.Failed,
	} {
		require.Equal(t, want, classify(fmt.Errorf("ask: %w", &pq.Error{Code: pqerror.Code(code)})), code)
	}
	require.Equal(t, query.Broken, classify(&net.OpError{Op: "read", Err: errors.New("reset")}))
	require.Equal(t, query.Failed, classify(errors.New("scan")))
}

func TestConfig(t *testing.T) {
	cfg := DefaultConfig()
	require.NoError(t, cfg.Validate())
	for want, edit := range map[string]func(*Config){
		"database must not be empty":               func(c *Config) { c.Database = "" },
		"max_databases must be positive":           func(c *Config) { c.MaxDatabases = 0 },
		"max_tables must not be negative":          func(c *Config) { c.MaxTables = -1 },
		"max_table_databases must not be negative": func(c *Config) { c.MaxTableDatabases = -1 },
		"statement_timeout must be at least 1ms":   func(c *Config) { c.StatementTimeout = time.Microsecond },
	} {
		c := DefaultConfig()
		edit(&c)
		require.ErrorContains(t, c.Validate(), want)
	}
	require.Equal(t, `GRANT pg_monitor TO "Tide Watch";`, grant("Tide Watch"))
	require.Equal(t, `"a""b"`, quote(`a"b`))
	require.Equal(t, "tidewatch_1", quote("tidewatch_1"))
	require.Equal(t, `"1a"`, quote("1a"))
}
