package main

// stored is what the sinks hold at one moment.
type stored struct {
	lines, spans, lokiLines count
	others, lokiOthers      int // without a number: findings, incidents
	letters, stray          int
	refusedSamples          int // of remote write
	disorder                int
}

// count counts what the sinks hold.
func (r *run) count() stored {
	var s stored
	for k := range streams {
		s.lines = s.lines.plus(r.elastic.lines[k].count())
		s.lokiLines = s.lokiLines.plus(r.loki.lines[k].count())
	}
	s.spans = r.elastic.spans.count()
	r.elastic.mu.Lock()
	s.others, s.letters, s.stray = len(r.elastic.others), len(r.elastic.letters), r.elastic.stray
	r.elastic.mu.Unlock()
	r.loki.mu.Lock()
	s.lokiOthers = len(r.loki.others)
	s.stray += r.loki.stray
	r.loki.mu.Unlock()
	r.remote.mu.Lock()
	s.refusedSamples, s.disorder = r.remote.refused, r.remote.disorder
	r.remote.mu.Unlock()
	return s
}
