// Command reader measures what the tail receiver costs: CPU time and memory for
// a million lines, against upstream's receiver and the least that Go needs; what
// thousands of idle files cost; how a very large directory is found.
//
//	make bench-reader
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

// bench is one run of the measurements.
type bench struct {
	binary, upstreamBinary, floorBinary string

	dir                   string // for all that is written; removed at the end
	lines, runs           int
	files, directoryFiles int
	idleFor               time.Duration
}

func main() {
	var b bench
	flag.StringVar(&b.binary, "binary", "bin/tidewatch", "the agent")
	flag.IntVar(&b.lines, "lines", 1_000_000, "lines to read; 0 leaves this out")
	flag.IntVar(&b.runs, "runs", 3, "times that each reader reads them")
	flag.IntVar(&b.files, "files", 5000, "files in which nothing happens; 0 leaves this out")
	flag.DurationVar(&b.idleFor, "idle", time.Minute, "how long to look at them")
	flag.IntVar(&b.directoryFiles, "directory", 100_000, "files of the large directory; 0 leaves this out")
	flag.Parse()
	b.runs = max(b.runs, 1)
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "reader:", err)
		os.Exit(1)
	}
}

func (b *bench) run() error {
	var err error
	if b.dir, err = os.MkdirTemp("", "tidewatch-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	fmt.Printf("%s, generated lines (the same in every run), %s/%s, %d CPUs; compare ratios, not seconds\n", b.binary, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if b.lines > 0 {
		b.findPeers()
		if err := b.speed(); err != nil {
			return err
		}
	}
	if b.files > 0 {
		if err := b.idle(); err != nil {
			return fmt.Errorf("idle files: %w", err)
		}
	}
	if b.directoryFiles > 0 {
		if err := b.directory(); err != nil {
			return fmt.Errorf("directory: %w", err)
		}
	}
	return nil
}

// findPeers builds what to compare with; what cannot be built is left out.
func (b *bench) findPeers() {
	var err error
	if b.upstreamBinary, err = upstream(); err != nil {
		fmt.Println("upstream is left out:", err)
	}
	yardsticks := os.Getenv("TIDEWATCH_YARDSTICKS")
	if yardsticks == "" {
		fmt.Println("the floor is left out: TIDEWATCH_YARDSTICKS does not name the folder that holds throughput/floor")
		return
	}
	if b.floorBinary, err = floor(yardsticks, b.dir); err != nil {
		b.floorBinary = ""
		fmt.Println("the floor is left out:", err)
	}
}
