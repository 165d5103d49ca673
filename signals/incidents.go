package signals

// An incident is a log record with this event name and these attributes, one for each
// change; docs/incidents.md describes them. Its resource is the place of the cause.
const (
	EventIncident = "tidewatch.incident"

	AttrIncidentID           = "incident.id"
	AttrIncidentChange       = "incident.change"
	AttrIncidentState        = "incident.state"
	AttrIncidentSeverity     = "incident.severity"
	AttrIncidentTitle        = "incident.title"
	AttrIncidentStart        = "incident.start"
	AttrIncidentOpened       = "incident.opened"
	AttrIncidentResolved     = "incident.resolved"
	AttrIncidentResolution   = "incident.resolution"
	AttrIncidentMergedInto   = "incident.merged_into"
	AttrIncidentCause        = "incident.cause"
	AttrIncidentCauseWhy     = "incident.cause.why"
	AttrIncidentCauseFinding = "incident.cause.finding"
	AttrIncidentKnown        = "incident.known"
	AttrIncidentServices     = "incident.services"
	AttrIncidentHosts        = "incident.hosts"
	AttrIncidentFindings     = "incident.findings"
	AttrIncidentCount        = "incident.findings.count"
	AttrIncidentOwner        = "incident.owner"
	AttrIncidentReturns      = "incident.returns"
	AttrIncidentLinks        = "incident.links"
)

// Attributes by which a finding says what it hangs together with.
const (
	// AttrFindingAffects lists services in which the effects of a root cause were seen.
	AttrFindingAffects = "finding.affects"
	// AttrFindingTraces lists ids of traces that show the condition.
	AttrFindingTraces = "finding.traces"
)

// Attributes of the subject of an alert.
const (
	AttrAlertName = "alert.name"
	// LabelIncident is the label of alerts that are incidents of Tidewatch.
	LabelIncident = "tidewatch_incident"
	// AttrAlertLabel stands before the name of each label that says more.
	AttrAlertLabel = "alert.label."
)
