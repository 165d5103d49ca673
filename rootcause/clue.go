package rootcause

// Channel is the kind of a piece of evidence. Pieces of one channel are not
// independent of each other; the strongest counts.
type Channel string

// Channels of evidence.
const (
	// OwnTime: the service itself takes longer than usual, or calls to it, or all
	// that it makes, are longer under way.
	OwnTime Channel = "own time"
	// OwnErrors: errors that nothing which it called had.
	OwnErrors Channel = "own errors"
	// Course: what it does in an operation changed (steps are missing or new).
	Course Channel = "course"
	// LogLines: what it logs in an operation changed.
	LogLines Channel = "log lines"
	// GivenUp: callers stop after calling it, or get no answer from it.
	GivenUp Channel = "given up"
	// Resource: CPU or memory in use is unusual.
	Resource Channel = "resource"
	// LostTime and LostRequests: of what its callers lose, more than its own callees
	// explain.
	LostTime     Channel = "lost time"
	LostRequests Channel = "lost requests"
)

// Clue is one piece of evidence about a service.
type Clue struct {
	Channel Channel `json:"channel"`
	// Strength is 0 (chance may do it) to 1.
	Strength float64 `json:"strength"`
	// Sigmas is how many standard errors or spreads the value is away from the usual one.
	Sigmas    float64 `json:"sigmas"`
	Operation string  `json:"operation,omitempty"`
	Instance  string  `json:"instance,omitempty"`
	Host      string  `json:"host,omitempty"`
	// Trace is the id of a trace that shows it.
	Trace string `json:"trace,omitempty"`
	// Usual and Now are the values compared, in Unit.
	Usual float64 `json:"usual"`
	Now   float64 `json:"now"`
	Unit  string  `json:"unit"`
	// Text is half a sentence for people.
	Text string `json:"text"`

	service string
	fault   Fault
}
