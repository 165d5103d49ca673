package watch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errSilent  = errors.New("connection refused")
	errRefused = &source.RefusedError{Hint: "set redis::password", Err: errors.New("NOAUTH")}
)

// host is a host whose sockets and answers the tests decide.
type host struct {
	t       *testing.T
	dir     string
	answers map[string]error  // of an address; absent is errSilent
	ids     map[string]string // identities of addresses
	asked   map[string]int
	open    int // sources that were not closed
	at      time.Time
	watch   *watch.Watch
	logs    *observer.ObservedLogs
	told    map[string]int64 // middleware.up by address, of the last round
	values  int              // resources with more than that
	states  string           // as of the last round
	over    int
	scraped map[watch.Outcome]int
}

type fake struct {
	h       *host
	address string
}

func (f fake) Scrape(_ context.Context, now time.Time, md pmetric.Metrics) error {
	f.h.asked[f.address]++
	err, there := f.h.answers[f.address]
	switch {
	case !there:
		return errSilent
	case err == nil:
		s, _ := source.Parse("redis", "", f.address, 0)
		s.Batch(md, now, now).Gauge("redis.memory.used", "By", "").Int(1)
	case err.Error() == "panic":
		panic("the reader is broken")
	}
	return err
}

func (f fake) Identity() string { return f.h.ids[f.address] }

func (f fake) Close() error { f.h.open--; return nil }

func newHost(t *testing.T, change func(*watch.Settings)) *host {
	h := &host{t: t, dir: t.TempDir(), answers: map[string]error{}, ids: map[string]string{}, asked: map[string]int{}, at: time.Unix(1_000_000, 0), scraped: map[watch.Outcome]int{}}
	require.NoError(t, os.MkdirAll(filepath.Join(h.dir, "self", "net"), 0o755))
	h.listen()
	core, logs := observer.New(zap.InfoLevel)
	h.logs = logs
	set := watch.Settings{
		Kinds: []watch.Kind{{
			Name: "redis", Ports: []int{6379, 6380}, Sockets: []string{filepath.Join(h.dir, "*.sock")},
			Open: func(endpoint string) (source.Source, error) { h.open++; return fake{h, endpoint}, nil },
		}},
		MaxServers: 10, Concurrency: 1, Timeout: time.Minute, Search: 30 * time.Second, Retry: 5 * time.Minute, Forget: time.Hour,
		Proc: h.dir, Logger: zap.New(core), Events: h,
		Consume: func(_ context.Context, md pmetric.Metrics) {
			for _, rm := range md.ResourceMetrics().All() {
				m := rm.ScopeMetrics().At(0).Metrics().At(0)
				if m.Name() != "middleware.up" {
					h.values++
					continue
				}
				address, _ := rm.Resource().Attributes().Get("server.address")
				at := address.Str()
				if port, ok := rm.Resource().Attributes().Get("server.port"); ok {
					at += ":" + port.AsString()
				}
				h.told[at] = m.Gauge().DataPoints().At(0).IntValue()
			}
		},
	}
	if change != nil {
		change(&set)
	}
	var err error
	h.watch, err = watch.New(set)
	require.NoError(t, err)
	t.Cleanup(func() {
		h.watch.Close()
		require.Zero(t, h.open, "every source is closed, once")
	})
	return h
}

func (h *host) Scraped(_ string, outcome watch.Outcome) { h.scraped[outcome]++ }

func (h *host) Known(_ string, up, down, refused int) {
	h.states = fmt.Sprintf("%d up, %d down, %d refused", up, down, refused)
}

func (h *host) Over(n int) { h.over = n }

// listen has these ports of 127.0.0.1 listen, and no others.
func (h *host) listen(ports ...int) {
	text := "heading\n"
	for i, port := range ports {
		text += fmt.Sprintf("%d: 0100007F:%04X 00000000:0000 0A 0:0 00:0 0 0 0 %d 1\n", i, port, 100+port)
	}
	require.NoError(h.t, os.WriteFile(filepath.Join(h.dir, "self", "net", "tcp"), []byte(text), 0o600))
}

func (h *host) round(later time.Duration) {
	h.at = h.at.Add(later)
	h.told, h.values = map[string]int64{}, 0
	h.watch.Round(h.t.Context(), h.at)
}

func (h *host) lines() []string {
	var lines []string
	for _, e := range h.logs.TakeAll() {
		lines = append(lines, e.Message)
	}
	return lines
}

const redis = "127.0.0.1:6379"

func TestAServerIsFoundMissedAndForgotten(t *testing.T) {
	h := newHost(t, nil)
	h.round(0)
	require.Empty(t, h.told)

	h.answers[redis] = nil
	h.listen(6379, 22)
	h.round(29 * time.Second)
	require.Empty(t, h.told, "it is not time to search")
	h.round(time.Second)
	require.Equal(t, map[string]int64{redis: 1}, h.told)
	require.Equal(t, 1, h.values)
	require.Equal(t, "1 up, 0 down, 0 refused", h.states)
	require.Equal(t, []string{"a server is watched"}, h.lines())

	delete(h.answers, redis)
	h.listen(22)
	h.round(15 * time.Second)
	h.round(45 * time.Minute)
	require.Equal(t, map[string]int64{redis: 0}, h.told)
	require.Zero(t, h.values)
	require.Equal(t, []string{"a server does not answer"}, h.lines(), "said once")

	h.answers[redis] = nil
	h.listen(6379)
	h.round(15 * time.Second)
	require.Equal(t, map[string]int64{redis: 1}, h.told)
	require.Equal(t, []string{"a server answers again"}, h.lines())

	delete(h.answers, redis)
	h.listen()
	h.round(15 * time.Second)
	h.round(2 * time.Hour)
	require.Empty(t, h.told)
	require.Equal(t, "0 up, 0 down, 0 refused", h.states)
	require.Equal(t, []string{"a server does not answer", "a server is gone and forgotten"}, h.lines())
}

func TestAServerThatHangsIsNotForgotten(t *testing.T) {
	h := newHost(t, nil)
	h.listen(6379)
	h.answers[redis] = nil
	h.round(0)
	h.answers[redis] = errSilent
	for range 5 {
		h.round(time.Hour)
		require.Equal(t, map[string]int64{redis: 0}, h.told)
	}
}

func TestAnAddressThatSaidNoIsLeftAlone(t *testing.T) {
	h := newHost(t, nil)
	h.listen(6379)
	for range 10 {
		h.round(29 * time.Second)
	}
	require.Equal(t, 1, h.asked[redis])
	h.round(time.Minute)
	require.Equal(t, 2, h.asked[redis], "after five minutes")
	h.listen()
	h.round(30 * time.Second)
	h.listen(6379)
	h.round(30 * time.Second)
	require.Equal(t, 3, h.asked[redis], "another process listens")
	require.Empty(t, h.told)
	require.Empty(t, h.lines())
}

func TestAServerThatRefusesIsToldOfOnce(t *testing.T) {
	h := newHost(t, nil)
	h.listen(6379, 6380)
	h.answers[redis], h.answers["127.0.0.1:6380"] = errRefused, errRefused
	for range 10 {
		h.round(15 * time.Second)
	}
	require.Equal(t, []string{"a server refuses to be read: set redis::password"}, h.lines())
	require.Empty(t, h.told, "it never was up")
	require.Equal(t, "0 up, 0 down, 1 refused", h.states)
	require.Equal(t, 1, h.asked[redis])
	require.Equal(t, 1, h.scraped[watch.Refused])

	h.answers[redis] = nil
	h.round(5 * time.Minute)
	require.Equal(t, map[string]int64{redis: 1}, h.told)
	require.Equal(t, []string{"a server answers again"}, h.lines())

	h.answers[redis] = errRefused
	h.round(15 * time.Second)
	h.round(15 * time.Second)
	require.Equal(t, map[string]int64{redis: 0}, h.told, "it was up, and is still missed while it is not asked")
}

func TestTwoDoorsOfAServerAreOne(t *testing.T) {
	h := newHost(t, nil)
	door := filepath.Join(h.dir, "r.sock")
	require.NoError(t, os.WriteFile(door, nil, 0o600))
	h.listen(6379)
	h.answers[redis], h.answers[door] = nil, nil
	h.ids[redis], h.ids[door] = "one", "one"
	h.round(0)
	require.Equal(t, map[string]int64{redis: 1}, h.told)

	h.listen() // the port is closed, the socket is not
	delete(h.answers, redis)
	h.round(15 * time.Second)
	require.Equal(t, map[string]int64{redis: 0}, h.told)
	h.round(6 * time.Minute)
	require.Equal(t, map[string]int64{door: 1}, h.told)
}

func TestAReadDoorSilencesOneThatRefuses(t *testing.T) {
	h := newHost(t, func(s *watch.Settings) { s.Kinds[0].SocketsFirst = true })
	door := filepath.Join(h.dir, "r.sock")
	require.NoError(t, os.WriteFile(door, nil, 0o600))
	h.listen(6379)
	h.answers[redis], h.answers[door] = nil, errRefused
	h.round(0)
	require.Equal(t, map[string]int64{redis: 1}, h.told)
	require.Equal(t, []string{"a server is watched"}, h.lines())
}

func TestAServerThatRefusedYieldsToOneThatIsRead(t *testing.T) {
	h := newHost(t, nil)
	h.listen(6379, 6380)
	h.answers[redis], h.answers["127.0.0.1:6380"] = errRefused, errRefused
	h.round(0)
	require.Len(t, h.lines(), 1)
	h.answers["127.0.0.1:6380"] = nil
	h.round(6 * time.Minute)
	require.Equal(t, map[string]int64{"127.0.0.1:6380": 1}, h.told)
	require.Equal(t, "1 up, 0 down, 0 refused", h.states)
}

func TestListedServersAreNotSearched(t *testing.T) {
	h := newHost(t, func(s *watch.Settings) { s.Kinds[0].Servers.Endpoints = []string{"127.0.0.1:7000", "127.0.0.1:7001"} })
	h.listen(6379)
	h.answers[redis], h.answers["127.0.0.1:7000"], h.answers["127.0.0.1:7001"] = nil, nil, errRefused
	for range 3 {
		h.round(24 * time.Hour)
		require.Equal(t, map[string]int64{"127.0.0.1:7000": 1, "127.0.0.1:7001": 0}, h.told)
	}
	require.Zero(t, h.asked[redis])
}

func TestBounds(t *testing.T) {
	h := newHost(t, func(s *watch.Settings) { s.MaxServers = 1 })
	h.listen(6379, 6380)
	h.answers[redis], h.answers["127.0.0.1:6380"] = nil, nil
	h.ids[redis], h.ids["127.0.0.1:6380"] = "a", "b"
	h.round(0)
	require.Equal(t, map[string]int64{redis: 1}, h.told)
	require.Equal(t, 1, h.over)
}

func TestProgramsAndTheirPorts(t *testing.T) {
	for _, told := range []bool{false, true} {
		h := newHost(t, func(s *watch.Settings) {
			k := &s.Kinds[0]
			if k.Programs = []string{"thing"}; told {
				k.Port = func(argument string) (int, bool) { return 7001, argument == "--metrics" }
			}
		})
		process := filepath.Join(h.dir, "42")
		require.NoError(t, os.MkdirAll(filepath.Join(process, "fd"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(process, "comm"), []byte("thing\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(process, "cmdline"), []byte("thing\x00--metrics\x00"), 0o600))
		for i, inode := range []int{7100, 7101} {
			require.NoError(t, os.Symlink(fmt.Sprintf("socket:[%d]", inode), filepath.Join(process, "fd", fmt.Sprint(i))))
		}
		h.listen(7000, 7001, 7002)
		h.round(0)
		require.Equal(t, !told, h.asked["127.0.0.1:7000"] == 1)
		require.Equal(t, 1, h.asked["127.0.0.1:7001"])
		require.Zero(t, h.asked["127.0.0.1:7002"])
	}
}

func TestASourceThatBreaksIsDownAlone(t *testing.T) {
	h := newHost(t, func(s *watch.Settings) { s.Kinds[0].Servers.Endpoints = []string{redis, "127.0.0.1:6380"} })
	h.answers[redis], h.answers["127.0.0.1:6380"] = errors.New("panic"), nil
	h.round(0)
	require.Equal(t, map[string]int64{redis: 0, "127.0.0.1:6380": 1}, h.told)
}

func TestWithoutProcItSaysWhatToDo(t *testing.T) {
	h := newHost(t, func(s *watch.Settings) { s.Proc = filepath.Join(s.Proc, "none") })
	h.round(0)
	h.round(time.Minute)
	lines := h.lines()
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "endpoints")
}

func TestTheEndIsNotThatOfServers(t *testing.T) {
	h := newHost(t, nil)
	h.listen(6379)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.watch.Round(ctx, h.at)
	require.Empty(t, h.lines())
	require.Empty(t, h.scraped)
}

func TestEndpointsThatAreNone(t *testing.T) {
	_, err := watch.New(watch.Settings{Kinds: []watch.Kind{{Name: "redis", Servers: source.Servers{Endpoints: []string{"no/port"}}}}})
	require.ErrorContains(t, err, "host:port")
}
