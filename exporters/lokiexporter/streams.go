package lokiexporter

import (
	"sync"
	"time"
)

const (
	// maxStreams bounds the streams that are remembered: a host has some hundred. One
	// that is forgotten is taken for a new one.
	maxStreams = 8192
	// streamIdle is how long a stream without lines is remembered; Loki lets go of one
	// after half an hour (chunk_idle_period) and then counts it anew.
	streamIdle = 20 * time.Minute
	// letGo is when Loki has surely let go of a stream without lines.
	letGo = time.Hour
	// lateBy is how much older than the newest line of its stream one must be to be
	// in doubt: Loki refuses those older by half of max_chunk_age, an hour by default.
	lateBy = 10 * time.Minute
	// manyBytes of one stream in a batch might be more than its rate limit allows.
	manyBytes = 256 << 10
	// doubt is how long a stream is sent alone after a push that it was in was refused.
	doubt = time.Minute
)

// streams remembers what the server made of each stream. Loki stores the streams of a
// push one after the other, and its answer tells of the last one only: a stream that was
// refused before it is lost without a word. So what may be refused is sent alone. It is
// safe for concurrent use.
type streams struct {
	patience time.Duration // see Config.StreamLimitWait
	maxLate  int           // see Config.LateStreams

	mu    sync.Mutex // guards all below
	known map[streamID]*known
	late  map[streamID]time.Time // when those for late lines were last used, at most maxLate
}

func newStreams(patience time.Duration, maxLate int) *streams {
	return &streams{patience: patience, maxLate: maxLate, known: map[streamID]*known{}, late: map[streamID]time.Time{}}
}

type known struct {
	newest  int64     // time of the newest line that was taken, Unix nanoseconds
	taken   time.Time // when lines were last taken, zero for never
	refused time.Time // since when the server takes no new stream, zero if it does
	doubted time.Time // when a push that it was in was refused
}

// alone reports whether a stream must have a push of its own.
func (s *streams) alone(st *stream, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.known[st.id]
	return k == nil || now.Sub(k.taken) > streamIdle || now.Sub(k.doubted) < doubt ||
		st.size >= manyBytes || k.newest-st.oldest > int64(lateBy)
}

// take notes that the server took lines up to newest.
func (s *streams) take(st *stream, newest int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.get(st.id, now)
	k.newest, k.taken, k.refused = max(k.newest, newest), now, time.Time{}
}

// doubt notes that a push that the stream was in was refused.
func (s *streams) doubt(st *stream, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.get(st.id, now).doubted = now
}

// refuse notes that the server does not take the stream as it has too many, and reports
// whether that has been so for longer than its lines should wait.
func (s *streams) refuse(st *stream, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.get(st.id, now)
	if k.refused.IsZero() {
		k.refused = now
	}
	return s.patience > 0 && now.Sub(k.refused) >= s.patience
}

// open reports whether a stream for late lines may be used.
func (s *streams) open(id streamID, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.late[id]; !ok && len(s.late) >= s.maxLate {
		for other, used := range s.late {
			if now.Sub(used) > letGo {
				delete(s.late, other)
			}
		}
		if len(s.late) >= s.maxLate {
			return false
		}
	}
	s.late[id] = now
	return true
}

// get must be called with mu held.
func (s *streams) get(id streamID, now time.Time) *known {
	if k := s.known[id]; k != nil {
		return k
	}
	if len(s.known) >= maxStreams {
		s.forget(now)
	}
	k := &known{}
	s.known[id] = k
	return k
}

// forget drops what was idle, and some more if that is not enough.
func (s *streams) forget(now time.Time) {
	for id, k := range s.known {
		if now.Sub(k.taken) > streamIdle {
			delete(s.known, id)
		}
	}
	for id := range s.known {
		if len(s.known) < maxStreams*3/4 {
			return
		}
		delete(s.known, id)
	}
}
