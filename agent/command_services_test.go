package agent

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServices(t *testing.T) {
	console := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.FormValue("service") == "none":
			_, _ = w.Write([]byte(`{"services":[],"edges":[]}`))
		case r.URL.Path == "/api/v1/services":
			_, _ = w.Write([]byte(`{"services":[
				{"service":"web","attributes":[{"key":"host.name","value":"tide"},{"key":"service.namespace","value":"shop"}],"calls":12.5,"errors":0.01,"latency_mean":0.0255,"latency_p99":1.2345},
				{"service":"cart","operation":"add","attributes":[],"calls":0.5,"errors":null,"latency_mean":0.0002,"latency_p99":null},
				{"service":"inventory","attributes":[],"calls":40,"errors":0.125,"latency_mean":2,"latency_p99":11.04}]}`))
		case r.URL.Path == "/api/v1/services/graph":
			_, _ = w.Write([]byte(`{"edges":[{"client":"web","server":"inventory","connection":"","calls":3,"errors":0,"latency_mean":1},
				{"client":"inventory","server":"stock","connection":"messaging_system","calls":null,"errors":null,"latency_mean":null}]}`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer console.Close()
	services := func(args ...string) string {
		out, err := execute(t, append([]string{"services", "--console-url", console.URL}, args...)...)
		require.NoError(t, err)
		return out
	}
	require.Equal(t, `    mean    p99  errors  calls/s  service
      2s    11s  12.5 %       40  inventory
  25.5ms  1.23s   1.0 %     12.5  web shop
   200µs      -       -      0.5  cart: add
`, services())
	require.Regexp(t, `(?s)cart.*inventory.*web`, services("--sort", "name"))
	require.Regexp(t, `(?s)inventory.*web.*cart`, services("--sort", "calls", "--operations"))
	require.Contains(t, services("--graph"), "web -> inventory\n")
	require.Contains(t, services("--graph"), "inventory -> stock (messaging system)\n")
	require.Contains(t, services("--json"), `"latency_p99":1.2345`)
	require.Contains(t, services("--service", "none"), "No service has sent spans")

	_, err := execute(t, "services", "--console-url", console.URL+"/elsewhere")
	require.ErrorContains(t, err, "404")
	_, err = execute(t, "services", "--console-url", "http://127.0.0.1:1")
	require.ErrorContains(t, err, "no agent answers")
	_, err = execute(t, "services", "--sort", "taste")
	require.ErrorContains(t, err, "--sort must be")
}
