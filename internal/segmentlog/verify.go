package segmentlog

import (
	"fmt"
	"os"
	"time"
)

// Segment says what Verify found in one file.
type Segment struct {
	Path    string
	Bytes   int64
	Changed time.Time // when it was last written
	Records int
	// Damaged are the stretches of the file that are no whole record.
	Damaged []Stretch
	// Unfinished is what at the end of the last file may be a write in progress.
	Unfinished int64
}

// Stretch is a part of a file.
type Stretch struct{ Offset, Bytes int64 }

// Verify reads every byte of a log and checks every record. It changes nothing, and
// may run while the owner uses the log.
func Verify(dir string) ([]Segment, error) {
	found, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	out := make([]Segment, 0, len(found))
	for i, s := range found {
		seg, err := verifySegment(s, i == len(found)-1)
		if os.IsNotExist(err) {
			continue // the owner has given its space back meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("verify %s: %w", s.path, err)
		}
		out = append(out, seg)
	}
	return out, nil
}

func verifySegment(s *segment, last bool) (Segment, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return Segment{}, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return Segment{}, err
	}
	out := Segment{Path: s.path, Bytes: s.size, Changed: fi.ModTime()}
	summarised := false
	err = scan(f, s.size, func(_ int64, _ int, payload []byte) {
		summarised = isSummary(payload)
		if !summarised {
			out.Records++
		}
	}, func(off, n int64) {
		switch {
		case off+n == s.size && summarised && n == sealBytes:
		case off+n == s.size && last:
			out.Unfinished = n
		default:
			out.Damaged = append(out.Damaged, Stretch{Offset: off, Bytes: n})
		}
	})
	return out, err
}
