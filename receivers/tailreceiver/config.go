package tailreceiver

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// Where reading begins in files that are there at the very first start.
const (
	startTail      = "tail"
	startBeginning = "beginning"
	startEnd       = "end"
)

// Config of the receiver.
type Config struct {
	// Include are the files to read, as absolute glob patterns; ** crosses folders.
	Include []string `mapstructure:"include"`
	// Exclude are patterns of files not to read.
	Exclude []string `mapstructure:"exclude"`
	// PollInterval is how often known files are asked for their size.
	PollInterval time.Duration `mapstructure:"poll_interval"`
	// DiscoveryInterval is how often the patterns are looked up for new files.
	DiscoveryInterval time.Duration `mapstructure:"discovery_interval"`
	// StartAt says where to begin in files that are there at the very first start:
	// tail (their last InitialBytes), beginning or end. A file that appears later
	// is always read from its beginning.
	StartAt string `mapstructure:"start_at"`
	// InitialBytes is how much of each file start_at: tail reads.
	InitialBytes int64 `mapstructure:"initial_bytes"`
	// MaxAge skips, at the very first start, what is in files that have not changed
	// for so long. Zero skips nothing.
	MaxAge time.Duration `mapstructure:"max_age"`
	// Storage is the extension that keeps the checkpoints. Without one every start
	// is a first start.
	Storage *component.ID `mapstructure:"storage"`
	// CheckpointInterval is the longest time between a delivery and its checkpoint.
	// There is one after MaxBatchRecords records at the latest: what a crash can
	// double.
	CheckpointInterval time.Duration `mapstructure:"checkpoint_interval"`
	// Format is auto, plain, json, cri or docker.
	Format string `mapstructure:"format"`
	// Timezone is that of times which state none: a name of the IANA database, UTC,
	// or Local.
	Timezone string `mapstructure:"timezone"`
	// Multiline says how lines are joined to records.
	Multiline MultilineConfig `mapstructure:"multiline"`
	// MaxLineBytes is the longest line, or record of several; what is longer is cut, counted and marked.
	MaxLineBytes int `mapstructure:"max_line_bytes"`
	// MaxBatchRecords is the largest number of records given on at once.
	MaxBatchRecords int `mapstructure:"max_batch_records"`
	// MaxFiles is the largest number of files followed at a time.
	MaxFiles int `mapstructure:"max_files"`
	// MaxOpenFiles is the largest number of files held open while nothing happens
	// in them. A file held open is read to its end even when it is deleted.
	MaxOpenFiles int `mapstructure:"max_open_files"`
	// RotateWait is how long a file that was renamed away or deleted is followed
	// after its last growth.
	RotateWait time.Duration `mapstructure:"rotate_wait"`
	// MaxRetryInterval is the longest wait until a batch that the pipeline refused for
	// now is offered again. The first wait is 100ms, or this if it is shorter; each
	// further one is twice as long.
	MaxRetryInterval time.Duration `mapstructure:"max_retry_interval"`
	// RateLimit limits how fast each file is read.
	RateLimit RateLimitConfig `mapstructure:"rate_limit"`
	// FlushTimeout is how long a last line without a line end waits for the rest of
	// itself. Zero waits until the file is rotated away.
	FlushTimeout time.Duration `mapstructure:"flush_timeout"`
}

// MultilineConfig says how lines are joined to records.
type MultilineConfig struct {
	// Mode is auto (stack traces, and lines without the header that the others of
	// the file have) or off (every line is a record).
	Mode string `mapstructure:"mode"`
	// StartPattern is a regular expression; if set, it alone decides which lines
	// begin a record.
	StartPattern string `mapstructure:"start_pattern"`
	// Timeout is how long the last record of a file waits for more lines.
	Timeout time.Duration `mapstructure:"timeout"`
}

const (
	multilineAuto = "auto"
	multilineOff  = "off"
)

func createDefaultConfig() component.Config {
	return &Config{
		PollInterval:       500 * time.Millisecond, // a person who watches does not feel it; a stat costs 2 us
		DiscoveryInterval:  5 * time.Second,        // walking folders costs more than asking known files
		StartAt:            startTail,
		InitialBytes:       1 << 20, // some thousand lines: enough to see patterns, gone in a second
		CheckpointInterval: 100 * time.Millisecond,
		Format:             logformat.FormatAuto.String(),
		Timezone:           "Local",
		Multiline:          MultilineConfig{Mode: multilineAuto, Timeout: 500 * time.Millisecond}, // a trace is written at once
		MaxLineBytes:       256 << 10,                                                             // longer lines are refused by most backends anyway
		MaxBatchRecords:    1000,                                                                  // so many may be doubled by a crash between delivery and checkpoint
		MaxFiles:           100_000,
		MaxOpenFiles:       512, // half of the usual soft limit of 1024 descriptors
		RotateWait:         30 * time.Second,
		MaxRetryInterval:   30 * time.Second,                // soon enough after an outage, and rare enough not to be felt in one
		RateLimit:          RateLimitConfig{Over: overWait}, // no limit; where one is set, nothing is lost by it
	}
}

// includes reports whether a path is one to read.
func (c *Config) includes(path string) bool {
	for _, pattern := range c.Include {
		if ok, _ := doublestar.PathMatch(pattern, path); ok {
			return !c.excludes(path)
		}
	}
	return false
}

func (c *Config) excludes(path string) bool {
	for _, pattern := range c.Exclude {
		if ok, _ := doublestar.PathMatch(pattern, path); ok {
			return true
		}
	}
	return false
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Include) == 0 {
		errs = append(errs, errors.New("include must list at least one file or pattern"))
	}
	for key, patterns := range map[string][]string{"include": c.Include, "exclude": c.Exclude} {
		for _, p := range patterns {
			if !doublestar.ValidatePathPattern(p) {
				errs = append(errs, fmt.Errorf("%s: %q is not a valid pattern: close its brackets and braces", key, p))
			} else if key == "include" && !filepath.IsAbs(p) {
				errs = append(errs, fmt.Errorf("include: %q must be an absolute path", p))
			}
		}
	}
	for key, d := range map[string]time.Duration{"poll_interval": c.PollInterval, "discovery_interval": c.DiscoveryInterval, "checkpoint_interval": c.CheckpointInterval, "max_retry_interval": c.MaxRetryInterval} {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("%s must be positive", key))
		}
	}
	for key, d := range map[string]time.Duration{"max_age": c.MaxAge, "rotate_wait": c.RotateWait, "flush_timeout": c.FlushTimeout} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative", key))
		}
	}
	switch c.StartAt {
	case startTail, startBeginning, startEnd:
	default:
		errs = append(errs, fmt.Errorf("start_at: %q must be tail, beginning or end", c.StartAt))
	}
	if c.InitialBytes < 0 {
		errs = append(errs, errors.New("initial_bytes must not be negative"))
	}
	if _, ok := logformat.ParseFormat(c.Format); !ok {
		errs = append(errs, fmt.Errorf("format: %q must be auto, plain, json, cri or docker", c.Format))
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		errs = append(errs, fmt.Errorf("timezone: %q is unknown: use a name such as Europe/Berlin, UTC or Local", c.Timezone))
	}
	if c.Multiline.Mode != multilineAuto && c.Multiline.Mode != multilineOff {
		errs = append(errs, fmt.Errorf("multiline::mode: %q must be auto or off", c.Multiline.Mode))
	}
	if _, err := newMultiline(c.Multiline); err != nil {
		errs = append(errs, err)
	}
	if c.Multiline.Timeout <= 0 {
		errs = append(errs, errors.New("multiline::timeout must be positive"))
	}
	if err := c.RateLimit.validate(); err != nil {
		errs = append(errs, err)
	}
	if c.MaxLineBytes < 1024 || c.MaxLineBytes > 64<<20 {
		errs = append(errs, errors.New("max_line_bytes must be between 1024 and 67108864"))
	}
	for key, n := range map[string]int{"max_batch_records": c.MaxBatchRecords, "max_files": c.MaxFiles, "max_open_files": c.MaxOpenFiles} {
		if n <= 0 {
			errs = append(errs, fmt.Errorf("%s must be positive", key))
		}
	}
	return errors.Join(errs...)
}
