//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newServer prepares one that the middleware receiver reads.
func newServer(kind string) *backend {
	return &backend{recipe: "middleware", env: []string{"SERVER=" + kind}}
}

// hostPort is a backend's address without the scheme.
func (b *backend) hostPort() string {
	_, address, _ := strings.Cut(b.url, "://")
	return address
}

// ask sends Redis a line and returns the first line of the answer.
func ask(t *testing.T, address, command string) string {
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = fmt.Fprintf(conn, "%s\r\n", command)
	require.NoError(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

// shows waits until the agent's scrape page has a series with a value.
func (a *agent) shows(value float64, name string, labels ...string) {
	a.t.Helper()
	eventually(a.t, 90*time.Second, name, func() error {
		_, page, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.metrics))
		if err != nil {
			return err
		}
		if !strings.Contains(string(page), name+"{") {
			return fmt.Errorf("%s is not there", name)
		}
		if got := sumSeries(page, name, labels...); got != value {
			return fmt.Errorf("%s%v is %v, not %v", name, labels, got, value)
		}
		return nil
	})
}

// Three kinds of servers are named in one line; they are found on ports that nobody told,
// read, missed when they are gone, and one that wants a password says which key to set.
func TestServersOfTheHostAreFound(t *testing.T) {
	nginx, redis, jvm := newServer("nginx"), newServer("redis"), newServer("jvm")
	errs := make([]error, 3)
	together(
		func() { errs[0] = nginx.start() },
		func() { errs[1] = redis.start() },
		func() { errs[2] = jvm.start() },
	)
	for _, err := range errs {
		skipOrFail(t, err)
	}
	for i := range 3 {
		require.Equal(t, "+OK", ask(t, redis.hostPort(), fmt.Sprintf("SET key%d value", i)))
	}
	for range 5 {
		code, _, err := get("http://" + nginx.hostPort() + "/")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code)
	}

	a := newAgent(t)
	a.env = append(a.env, "TIDEWATCH_MIDDLEWARE=nginx redis jvm")
	a.set = append(a.set, "receivers::middleware::collection_interval=500ms", "receivers::middleware::discovery_interval=1s", "receivers::middleware::retry_interval=3s")
	a.start()
	of := func(b *backend) string {
		return fmt.Sprintf(`:%s"`, b.hostPort()[strings.LastIndexByte(b.hostPort(), ':')+1:])
	}

	for kind, b := range map[string]*backend{"nginx": nginx, "redis": redis, "jvm": jvm} {
		a.shows(1, "middleware_up_ratio", `middleware_kind="`+kind+`"`, of(b))
	}
	a.shows(3, "redis_db_keys", `db="0"`, of(redis))
	a.shows(50<<20, "redis_maxmemory_bytes", of(redis))
	a.shows(1, "redis_role_ratio", `role="primary"`, of(redis))
	a.shows(2, "jvm_thread_deadlocked", of(jvm))
	_, page, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.metrics))
	require.NoError(t, err)
	require.GreaterOrEqual(t, sumSeries(page, "nginx_requests_total", of(nginx)), 5.0)
	require.Positive(t, sumSeries(page, "nginx_connections_current", `state="active"`, of(nginx)))
	limit := sumSeries(page, "jvm_memory_limit_bytes", `jvm_memory_pool_name="Tenured Gen"`, of(jvm))
	require.InDelta(t, 64<<20, limit, 32<<20)
	require.Positive(t, sumSeries(page, "jvm_memory_used_after_last_gc_bytes", of(jvm)))
	require.Positive(t, sumSeries(page, "jvm_gc_duration_seconds_count", of(jvm)))

	redis.stop()
	a.shows(0, "middleware_up_ratio", `middleware_kind="redis"`, of(redis))
	redis.env = append(redis.env, "PASSWORD=sesame")
	require.NoError(t, redis.start())
	eventually(t, 90*time.Second, "the agent says what it lacks", func() error {
		if !strings.Contains(a.logText(), "set redis::password") {
			return fmt.Errorf("it does not")
		}
		return nil
	})
	a.shows(0, "middleware_up_ratio", `middleware_kind="redis"`, of(redis))
	require.NoError(t, a.stop())

	a.env = append(a.env, "TIDEWATCH_REDIS_PASSWORD=sesame")
	a.start()
	a.shows(1, "middleware_up_ratio", `middleware_kind="redis"`, of(redis))
	require.NotContains(t, a.logText(), "sesame")
	require.NoError(t, a.stop())
}
