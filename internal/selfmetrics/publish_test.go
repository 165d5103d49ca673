package selfmetrics_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
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

	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "a"}, func() float64 { return 1 }))
	withdraw := selfmetrics.Publish(address, registry)
	samples, err := selfmetrics.Scrape(t.Context(), client, "http://"+address+"/metrics")
	require.NoError(t, err)
	require.Equal(t, []selfmetrics.Sample{{Name: "a", Labels: map[string]string{}, Value: 1}}, samples)
	_, err = selfmetrics.Scrape(t.Context(), client, "http://"+address+"/other")
	require.ErrorContains(t, err, "refused")

	withdraw()
	_, err = selfmetrics.Scrape(t.Context(), client, "http://"+address+"/metrics")
	require.ErrorContains(t, err, "refused")
	selfmetrics.Publish("no port", registry)()
}

// Both ways say the same.
func TestPublishedMetricsAreThoseOfThePage(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "otelcol_items", Help: "Items."}, []string{"receiver"})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "otelcol_duration", Buckets: []float64{1, 2}})
	summary := prometheus.NewSummary(prometheus.SummaryOpts{Name: "otelcol_quantile"})
	registry.MustRegister(counter, histogram, summary)
	counter.WithLabelValues("tail").Add(2)
	counter.WithLabelValues("a \"b\"\n").Add(3)
	histogram.Observe(1.5)
	summary.Observe(1)
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()

	scrape := func() []selfmetrics.Sample {
		samples, err := selfmetrics.Scrape(t.Context(), server.Client(), server.URL+"/metrics")
		require.NoError(t, err)
		slices.SortFunc(samples, func(a, b selfmetrics.Sample) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Labels["receiver"], b.Labels["receiver"]))
		})
		return samples
	}
	page := scrape()
	require.Len(t, page, 3)
	defer selfmetrics.Publish(server.Listener.Addr().String(), registry)()
	require.Equal(t, page, scrape())
}
