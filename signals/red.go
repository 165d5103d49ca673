package signals

// Metrics that are derived from spans.
const (
	// MetricSpanCalls and MetricSpanDuration count spans per service, name, kind and status, under the
	// names of upstream's span metrics.
	MetricSpanCalls    = "traces.span.metrics.calls"
	MetricSpanDuration = "traces.span.metrics.duration"

	// The service graph, under Tempo's names; attributes client, server and connection_type.
	MetricGraphRequests = "traces_service_graph_request_total"
	MetricGraphFailed   = "traces_service_graph_request_failed_total"
	MetricGraphServer   = "traces_service_graph_request_server_seconds"
	MetricGraphClient   = "traces_service_graph_request_client_seconds"

	// What a service was asked for, over a short window: gauges with the service as resource, and with the
	// attribute span.name for one of its operations. Calls are per second, errors a share from 0 to
	// 1, latencies in seconds.
	MetricServiceCalls       = "tidewatch.service.calls"
	MetricServiceErrors      = "tidewatch.service.errors"
	MetricServiceLatencyMean = "tidewatch.service.latency.mean"
	MetricServiceLatencyP99  = "tidewatch.service.latency.p99"
)
