package selfmetrics_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/freeport"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// What is published needs no server; others at that port do, and so does the page when it
// is withdrawn.
func TestPublish(t *testing.T) {
	address := freeport.Address()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	_, err := selfmetrics.Scrape(t.Context(), client, "http://"+address+"/metrics")
	require.ErrorContains(t, err, "refused")

	page := http.NewServeMux()
	page.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a 1\n")) })
	withdraw := selfmetrics.Publish(address, page)
	samples, err := selfmetrics.Scrape(t.Context(), client, "http://"+address+"/metrics")
	require.NoError(t, err)
	require.Equal(t, []selfmetrics.Sample{{Name: "a", Labels: map[string]string{}, Value: 1}}, samples)
	_, err = selfmetrics.Scrape(t.Context(), client, "http://"+address+"/other")
	require.ErrorContains(t, err, "Not Found")

	withdraw()
	_, err = selfmetrics.Scrape(t.Context(), client, "http://"+address+"/metrics")
	require.ErrorContains(t, err, "refused")
	selfmetrics.Publish("no port", page)()
}
