package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/redis"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers each command by its words, on a unix socket of its own. No answer ends
// the connection.
func serve(t *testing.T, answer func(words []string) string) string {
	path := filepath.Join(t.TempDir(), "redis.sock")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			for {
				words, err := command(in)
				if err != nil {
					break
				}
				text := answer(words)
				if _, err := io.WriteString(conn, text); err != nil || text == "" {
					break
				}
			}
			_ = conn.Close()
		}
	}()
	return path
}

func command(in *bufio.Reader) ([]string, error) {
	var n int
	if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	words := make([]string, n)
	for i := range words {
		var size int
		if _, err := fmt.Fscanf(in, "$%d\r\n", &size); err != nil {
			return nil, err
		}
		b := make([]byte, size+2)
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		words[i] = string(b[:size])
	}
	return words, nil
}

func recorded(t *testing.T, name string) string {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(b)
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// scrape reads a server and closes.
func scrape(t *testing.T, cfg redis.Config, endpoint string) (map[string]float64, pmetric.Metrics, error) {
	s, err := redis.New(cfg, endpoint)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	md := pmetric.NewMetrics()
	err = s.Scrape(t.Context(), time.Unix(1_000_000, 0), md)
	return flat(md), md, err
}

// flat has values by name and attributes.
func flat(md pmetric.Metrics) map[string]float64 {
	all := map[string]float64{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			var points pmetric.NumberDataPointSlice
			if m.Type() == pmetric.MetricTypeSum {
				points = m.Sum().DataPoints()
			} else {
				points = m.Gauge().DataPoints()
			}
			for _, p := range points.All() {
				name := m.Name()
				for k, v := range p.Attributes().All() {
					name += " " + k + "=" + v.Str()
				}
				all[name] = p.DoubleValue() + float64(p.IntValue())
			}
		}
	}
	return all
}

func TestRecordedServers(t *testing.T) {
	for file, want := range map[string]map[string]float64{
		"redis-6.2.txt": {"redis.clients.connected": 1, "redis.clients.max": 10000, "redis.role role=primary": 1, "redis.rdb.last_save.ok": 1, "redis.maxmemory": 0},
		"redis-7.0-primary.txt": {
			"redis.clients.connected": 1, "redis.db.keys db=0": 1, "redis.db.expires db=0": 1, "redis.db.keys db=3": 1, "redis.maxmemory": 50 << 20,
			"redis.keyspace.misses": 1, "redis.errors": 1, "redis.slaves.connected": 1, "redis.replication.lag replica=127.0.0.1:26398": 0, "redis.role role=primary": 1,
		},
		"redis-7.0-replica-cut.txt": {"redis.role role=replica": 1, "redis.replication.link.up": 0, "redis.aof.last_write.ok": 1, "redis.replication.replica_offset": 130},
	} {
		t.Run(file, func(t *testing.T) {
			text := recorded(t, file)
			got, md, err := scrape(t, redis.Config{}, serve(t, func(words []string) string {
				require.Equal(t, []string{"INFO"}, words)
				return bulk(text)
			}))
			require.NoError(t, err)
			for name, value := range want {
				require.Contains(t, got, name)
				require.InDelta(t, value, got[name], 1e-9, name)
			}
			require.Positive(t, got["redis.memory.used"])
			require.Positive(t, got["redis.memory.fragmentation_ratio"])
			require.Contains(t, got, "redis.cpu.time state=user")
			version, _ := md.ResourceMetrics().At(0).Resource().Attributes().Get("redis.version")
			require.Contains(t, file, strings.Join(strings.Split(version.Str(), ".")[:2], "."))
			started := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(5).Sum().DataPoints().At(0)
			require.InDelta(t, got["redis.uptime"], started.Timestamp().AsTime().Sub(started.StartTimestamp().AsTime()).Seconds(), 1e-9)
		})
	}
}

func TestItLogsIn(t *testing.T) {
	info := recorded(t, "redis-6.2.txt")
	for _, user := range []string{"", "watch"} {
		loggedIn := false
		path := serve(t, func(words []string) string {
			if words[0] == "AUTH" {
				loggedIn = words[len(words)-1] == "sesame" && (user == "" && len(words) == 2 || words[1] == user)
				return "+OK\r\n"
			}
			if !loggedIn {
				return "-NOAUTH Authentication required.\r\n"
			}
			return bulk(info)
		})
		_, _, err := scrape(t, redis.Config{Username: user, Password: "sesame"}, path)
		require.NoError(t, err)
	}
}

func TestRefusals(t *testing.T) {
	for answer, hint := range map[string]string{
		"-NOAUTH Authentication required.":                                                     "set redis::password",
		"-WRONGPASS invalid username-password pair or user is disabled.":                       "redis::password is not the server's",
		"-ERR invalid password":                                                                "redis::password is not the server's",
		"-ERR AUTH <password> called without any password configured for the default user.":    "leave out redis::password",
		"-NOPERM this user has no permissions to run the 'info' command":                       "ACL SETUSER watch +info",
		"-DENIED Redis is running in protected mode because protected mode is enabled and ...": "protected mode",
	} {
		path := serve(t, func([]string) string { return answer + "\r\n" })
		_, _, err := scrape(t, redis.Config{Username: "watch", Password: "sesame"}, path)
		var refused *source.RefusedError
		require.ErrorAs(t, err, &refused, answer)
		require.Contains(t, refused.Hint, hint)
		require.NotContains(t, err.Error(), "sesame")
	}
}

func TestWhatIsNotRedis(t *testing.T) {
	for name, answer := range map[string]string{
		"a web server": "HTTP/1.1 400 Bad Request\r\n\r\n", "nothing": "\r\n", "another number": ":1\r\n", "a size that is none": "$x\r\n",
		"no INFO": bulk("# Server\r\nversion:1\r\n"), "too much": "$99999999\r\n", "no end of line": strings.Repeat("+", 5000), "negative": "$-1\r\n",
	} {
		_, md, err := scrape(t, redis.Config{}, serve(t, func([]string) string { return answer }))
		require.Error(t, err, name)
		var refused *source.RefusedError
		require.NotErrorAs(t, err, &refused)
		require.Zero(t, md.ResourceMetrics().Len())
	}
}

func TestAConnectionThatEndedIsMadeAgain(t *testing.T) {
	info := recorded(t, "redis-6.2.txt")
	var asked atomic.Int64
	path := serve(t, func([]string) string {
		if asked.Add(1) == 2 {
			return ""
		}
		return bulk(info)
	})
	s, err := redis.New(redis.Config{}, path)
	require.NoError(t, err)
	require.NoError(t, s.Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics()))
	require.NoError(t, s.Scrape(t.Context(), time.Unix(2, 0), pmetric.NewMetrics()))
	require.EqualValues(t, 3, asked.Load())
	require.Len(t, s.(source.Identified).Identity(), 40)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
}

func TestItWaitsNoLongerThanItMay(t *testing.T) {
	hang := make(chan struct{})
	path := serve(t, func([]string) string { <-hang; return "+" })
	t.Cleanup(func() { close(hang) })
	s, err := redis.New(redis.Config{}, path)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Scrape(ctx, time.Unix(1, 0), pmetric.NewMetrics()), os.ErrDeadlineExceeded)
	require.NoError(t, s.Close())
}

func TestManyDatabasesAreAddedUp(t *testing.T) {
	text := "redis_version:7.0.0\r\n"
	for i := range 50 {
		text += fmt.Sprintf("db%d:keys=2,expires=1,avg_ttl=%d\r\n", i, i)
	}
	got, _, err := scrape(t, redis.Config{}, serve(t, func([]string) string { return bulk(text) }))
	require.NoError(t, err)
	require.InDelta(t, 36, got["redis.db.keys db=<other>"], 0)
	require.InDelta(t, 18, got["redis.db.expires db=<other>"], 0)
	require.InDelta(t, 49, got["redis.db.avg_ttl db=<other>"], 0)
}

func TestConfig(t *testing.T) {
	cfg := redis.Config{Username: "x"}
	require.ErrorContains(t, cfg.Validate(), "password must be set")
	cfg.Password = "sesame"
	require.NoError(t, cfg.Validate())
	require.NotContains(t, fmt.Sprintf("%+v", cfg), "sesame")
	_, err := redis.New(cfg, "redis://x:y@host")
	require.ErrorContains(t, err, "host:port")
}

// FuzzAnswer feeds what a server may send.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"redis-6.2.txt", "redis-7.0-primary.txt", "redis-7.0-replica.txt"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(f, err)
		f.Add(bulk(string(b)))
	}
	f.Add("-NOAUTH x\r\n")
	f.Add("$5\r\nab")
	f.Fuzz(func(t *testing.T, answer string) {
		text, err := redis.Read(strings.NewReader(answer))
		if err == nil {
			md := pmetric.NewMetrics()
			redis.Append(text, time.Unix(1_000_000, 0), md)
			require.LessOrEqual(t, md.ResourceMetrics().Len(), 1)
		}
	})
}
