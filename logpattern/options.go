package logpattern

// Options bound a Miner and say what its lines look like. Zero values mean the
// defaults.
type Options struct {
	// MaxPatterns is how many patterns are kept; the least recently seen goes
	// first. Default 2000: an application rarely has more statements that log.
	MaxPatterns int
	// MaxBytes bounds the memory of the patterns, approximately. Default 4 MiB:
	// twice what 2000 patterns of ordinary length need.
	MaxBytes int
	// MaxLine is how many bytes of a line are looked at. Default 8 KiB: what
	// follows are stack traces and payloads.
	MaxLine int
	// MaxTokens is how many words of a message are looked at. Default 256.
	MaxTokens int
	// NoHeader says that the lines are messages, without time, level or host.
	NoHeader bool
}

const (
	defaultMaxPatterns = 2000
	defaultMaxBytes    = 4 << 20
	defaultMaxLine     = 8 << 10
	defaultMaxTokens   = 256
)

func (o Options) withDefaults() Options {
	if o.MaxPatterns <= 0 {
		o.MaxPatterns = defaultMaxPatterns
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxLine <= 0 {
		o.MaxLine = defaultMaxLine
	}
	if o.MaxTokens <= 0 {
		o.MaxTokens = defaultMaxTokens
	}
	return o
}
