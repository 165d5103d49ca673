package signals

// Default loopback addresses of the agent's own servers. Everything listens on
// 127.0.0.1 unless the configuration says otherwise.
const (
	// AddrOTLPGRPC and AddrOTLPHTTP receive logs, metrics and traces.
	AddrOTLPGRPC = "127.0.0.1:4317"
	AddrOTLPHTTP = "127.0.0.1:4318"
	// AddrZipkin and AddrJaeger receive traces of older client libraries; off by default.
	AddrZipkin = "127.0.0.1:9411"
	AddrJaeger = "127.0.0.1:14250"
	// AddrConsole serves the local page and its API.
	AddrConsole = "127.0.0.1:4320"
	// AddrPrometheus serves /metrics: the host's metrics and their baselines.
	AddrPrometheus = "127.0.0.1:4321"
	// AddrHealth serves /livez and /readyz.
	AddrHealth = "127.0.0.1:4322"
	// AddrTelemetry serves the agent's own metrics (otelcol_*).
	AddrTelemetry = "127.0.0.1:4323"
	// AddrPprof is off by default.
	AddrPprof = "127.0.0.1:1777"
)
