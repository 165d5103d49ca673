package segmentstorageextension

import (
	"errors"
	"fmt"
	"time"
)

// When files are made to survive a loss of power. What was accepted survives the end
// of the process in any case.
const (
	fsyncInterval = "interval"
	fsyncAlways   = "always"
	fsyncNever    = "never"
)

// What happens to a new item that finds no room.
const (
	fullBlock      = "block"
	fullDropOldest = "drop_oldest"
	fullDropNewest = "drop_newest"
)

// Config of the extension.
type Config struct {
	// Directory holds a folder for each queue and each component's state. One agent
	// uses it at a time.
	Directory string `mapstructure:"directory"`
	// MaxBytes bounds what all queues take on disk together. When it is reached they
	// refuse new items and readers wait. The state of components is small and is always
	// taken.
	MaxBytes int64 `mapstructure:"max_bytes"`
	// MinFreeBytes of the disk are left to others: below, queues refuse new items as if
	// MaxBytes were reached. 0 leaves nothing. On Unix only.
	MinFreeBytes int64 `mapstructure:"min_free_bytes"`
	// WhenFull is what a queue does with a new item that finds no room: block refuses
	// it, so that readers wait; drop_oldest gives up the oldest items of that queue
	// instead, or the new one where that makes no room: the others are being sent, or
	// the disk is full of other files; drop_newest always the new one. What is given
	// up is counted.
	WhenFull string `mapstructure:"when_full"`
	// SegmentBytes is the size of a file of a queue: space is given back in this unit.
	SegmentBytes int64 `mapstructure:"segment_bytes"`
	// Fsync is interval, always or never.
	Fsync string `mapstructure:"fsync"`
	// FsyncInterval is the most that a loss of power takes away.
	FsyncInterval time.Duration `mapstructure:"fsync_interval"`
}

func createDefaultConfig() *Config {
	return &Config{
		// Hours of a busy host's logs, and small beside any disk of today.
		MaxBytes: 8 << 30,
		// A disk that others can no longer write to is a worse failure than logs that wait.
		MinFreeBytes: 512 << 20,
		// Nothing is lost that a person did not agree to lose.
		WhenFull: fullBlock,
		// Sealing costs nothing at this size, and a backlog of 8 GiB is 128 files.
		SegmentBytes: 64 << 20,
		Fsync:        fsyncInterval,
		// A second of data is what most accept to lose with the machine; it costs little.
		FsyncInterval: time.Second,
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.Directory == "" {
		return errors.New("directory is required: a folder that only this agent uses, for example /var/lib/tidewatch/storage")
	}
	if c.SegmentBytes < 1<<16 || c.SegmentBytes > 1<<30 {
		return errors.New("segment_bytes must be between 65536 and 1073741824")
	}
	if c.MaxBytes < 4*c.SegmentBytes {
		return fmt.Errorf("max_bytes must be at least four times segment_bytes (%d)", 4*c.SegmentBytes)
	}
	if c.MinFreeBytes < 0 {
		return errors.New("min_free_bytes must not be negative; 0 switches it off")
	}
	if c.WhenFull != fullBlock && c.WhenFull != fullDropOldest && c.WhenFull != fullDropNewest {
		return fmt.Errorf("when_full must be %s, %s or %s", fullBlock, fullDropOldest, fullDropNewest)
	}
	if c.Fsync != fsyncInterval && c.Fsync != fsyncAlways && c.Fsync != fsyncNever {
		return fmt.Errorf("fsync must be %s, %s or %s", fsyncInterval, fsyncAlways, fsyncNever)
	}
	if c.Fsync == fsyncInterval && c.FsyncInterval <= 0 {
		return errors.New("fsync_interval must be positive, for example 1s")
	}
	return nil
}
