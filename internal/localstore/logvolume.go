package localstore

import "time"

// LogVolume are the lines of the last hour per minute of their arrival, the oldest
// minute first; the last one still runs.
type LogVolume struct {
	// Minute is the Unix time of the first minute, in seconds.
	Minute int64 `json:"minute"`
	// Lines are all, Warnings those of severity WARN, Errors those of ERROR and above.
	Lines    []uint32 `json:"lines"`
	Warnings []uint32 `json:"warnings"`
	Errors   []uint32 `json:"errors"`
}

// volumeRing counts per minute.
type volumeRing struct {
	minutes [volumeMinutes][3]uint32
	minute  int64 // of the newest slot, Unix minutes
}

func (v *volumeRing) count(now time.Time, severity int) {
	v.advance(now.Unix() / 60)
	slot := &v.minutes[v.minute%volumeMinutes]
	slot[0]++
	switch {
	case severity >= SeverityError:
		slot[2]++
	case severity >= SeverityWarn:
		slot[1]++
	}
}

func (v *volumeRing) advance(m int64) {
	if v.minute == 0 || m-v.minute >= volumeMinutes {
		v.minutes = [volumeMinutes][3]uint32{}
		v.minute = m
	}
	for v.minute < m {
		v.minute++
		v.minutes[v.minute%volumeMinutes] = [3]uint32{}
	}
}

// LogVolume counts the lines of the hour before now.
func (s *Store) LogVolume(now time.Time) LogVolume {
	r := &s.logs
	r.mu.Lock()
	v := r.volume
	r.mu.Unlock()
	m := max(now.Unix()/60, volumeMinutes)
	v.advance(m)
	out := LogVolume{Minute: (m - volumeMinutes + 1) * 60, Lines: make([]uint32, volumeMinutes), Warnings: make([]uint32, volumeMinutes), Errors: make([]uint32, volumeMinutes)}
	for i := range int64(volumeMinutes) {
		slot := v.minutes[(m-volumeMinutes+1+i)%volumeMinutes]
		out.Lines[i], out.Warnings[i], out.Errors[i] = slot[0], slot[1], slot[2]
	}
	return out
}
