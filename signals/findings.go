package signals

// A finding is a log record with this event name and these attributes; the
// schema is described in docs/findings.md.
const (
	EventFinding = "tidewatch.finding"

	AttrFindingID       = "finding.id"
	AttrFindingKind     = "finding.kind"
	AttrFindingState    = "finding.state"
	AttrFindingSeverity = "finding.severity"
	AttrFindingScore    = "finding.score"
	AttrFindingStart    = "finding.start"
	AttrFindingSummary  = "finding.summary"
	AttrFindingReceipt  = "finding.receipt"
	AttrFindingLinks    = "finding.links"
	// AttrFindingMetric is the name of the metric that a finding is about.
	AttrFindingMetric = "finding.metric.name"
	// AttrFindingOthers names other series that became anomalous at the same moment.
	AttrFindingOthers = "finding.others"
	// AttrFindingOperation is the operation of the service that a finding is about.
	AttrFindingOperation = "finding.operation"
	// AttrFindingFault is the class of a cause: cpu, network, code, latency, availability.
	AttrFindingFault = "finding.fault"
	// AttrFindingSuspects lists the likeliest causes with their evidence, as JSON.
	AttrFindingSuspects = "finding.suspects"
)

// Kinds of findings.
const (
	KindMetricAnomaly  = "metric_anomaly"
	KindPatternNew     = "pattern_new"
	KindPatternFlood   = "pattern_flood"
	KindPatternSpike   = "pattern_spike"
	KindPatternSilence = "pattern_silence"
	KindSeverityFlip   = "pattern_severity_flip"
	KindParameterShift = "pattern_parameter_shift"
	KindPatternDeploy  = "pattern_deploy"
	KindPatternStorm   = "pattern_storm"
	KindRootCause      = "root_cause"
	KindAlert          = "alert"
	StateOpen          = "open"
	StateUpdated       = "updated"
	StateResolved      = "resolved"
	SeverityInfo       = "info"
	SeverityWarning    = "warning"
	SeverityCritical   = "critical"
)
