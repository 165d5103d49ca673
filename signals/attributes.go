package signals

// Resource and record attributes. Names follow the OpenTelemetry semantic
// conventions where these have one; the others are Tidewatch's own.
const (
	AttrServiceName = "service.name"
	AttrHostName    = "host.name"
	AttrHostID      = "host.id"
	AttrHostArch    = "host.arch"
	AttrOSType      = "os.type"

	AttrLogFilePath = "log.file.path"
	AttrLogFileName = "log.file.name"
	// AttrLogFileOffset is the byte offset of the first byte of the record in
	// its file, an integer.
	AttrLogFileOffset = "log.file.position"
	AttrLogIOStream   = "log.iostream"

	// AttrPatternID is the stable id of the log pattern that a record belongs to.
	AttrPatternID = "log.pattern.id"
	// AttrPatternAliases lists the ids that, with this record, became aliases of
	// its pattern: what was told of them belongs to AttrPatternID from now on.
	AttrPatternAliases = "log.pattern.aliases"
	// AttrPatternVariable is a position among the variables of a template, from 1,
	// AttrPatternVariableValue a value there.
	AttrPatternVariable      = "log.pattern.variable"
	AttrPatternVariableValue = "log.pattern.variable.value"
	// AttrTemplate is the pattern's readable template, with variables as <type>.
	AttrTemplate = "log.record.template"

	// AttrErrorCode is the id of an entry of the catalogue of error codes: family and
	// code, as errno.ECONNREFUSED; AttrErrorClass the class of trouble it belongs to.
	AttrErrorCode  = "error.code"
	AttrErrorClass = "error.class"

	// AttrRedacted lists the classes of what was taken out of a record or span.
	AttrRedacted = "tidewatch.redacted"

	// AttrMetric names, on the baseline families, the metric that they describe.
	AttrMetric = "metric"
	// AttrHorizon says, on the forecast families, how far ahead: 30m, 1h or 2h.
	AttrHorizon = "horizon"
)

// MessageKeys are where a structured log body keeps its message, the usual name first.
var MessageKeys = [...]string{"message", "msg", "@message", "log", "body", "text", "event"}
