package rootcause

import (
	"cmp"
	"fmt"
	"slices"
)

// pastDivisions are the usual times of operations, whoever did them, and the
// versions that were seen.
type pastDivisions struct {
	usual    map[division]*pastTiming // with empty value
	versions map[string]map[string]bool
}

func newPastDivisions(blocks []*Summary) pastDivisions {
	p := pastDivisions{usual: map[division]*pastTiming{}, versions: map[string]map[string]bool{}}
	for _, s := range blocks {
		for d, t := range s.divisions {
			if d.by == ByVersion {
				if p.versions[d.service] == nil {
					p.versions[d.service] = map[string]bool{}
				}
				p.versions[d.service][d.value] = true
			}
			d.value = ""
			x := p.usual[d]
			if x == nil {
				x = &pastTiming{}
				p.usual[d] = x
			}
			x.log.merge(t.log)
			x.seconds += t.seconds
		}
	}
	return p
}

// part is the requests that one instance, host or version took.
type part struct {
	by         By
	value      string
	n          float64
	z, lost    float64
	usual, now float64
	isNew      bool
}

// parts compares what a service's instances, hosts and versions take with what is
// usual, operation by operation.
func parts(w *Summary, b *Baseline, service string) []part {
	type key struct {
		by    By
		value string
	}
	found := map[key]*part{}
	for d, t := range w.divisions {
		if d.service != service {
			continue
		}
		of := d
		of.value = ""
		past := b.divisions.usual[of]
		if past == nil || past.log.n < 5 {
			continue
		}
		k := key{d.by, d.value}
		p := found[k]
		if p == nil {
			p = &part{by: d.by, value: d.value}
			p.isNew = d.by == ByVersion && len(b.divisions.versions[service]) > 0 && !b.divisions.versions[service][d.value]
			found[k] = p
		}
		usual := past.seconds / past.log.n
		p.n += t.log.n
		p.lost += t.seconds - usual*t.log.n
		if z := change(t.log, past.log, nil, 0.05); z > p.z {
			p.z, p.usual, p.now = z, usual, t.seconds/t.log.n
		}
	}
	out := make([]part, 0, len(found))
	for _, p := range found {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(b.lost, a.lost), cmp.Compare(a.value, b.value))
	})
	return out
}

// slowHost is the host on which four fifths of all time are lost, by two services
// or more that are slow there; empty if there is none.
func slowHost(w *Summary, b *Baseline) string {
	services := map[string]bool{}
	for d := range w.divisions {
		if d.by == ByHost {
			services[d.service] = true
		}
	}
	lost, slow := map[string]float64{}, map[string]int{}
	var total float64
	for service := range services {
		for _, p := range parts(w, b, service) {
			if p.by != ByHost || p.z < 4 || p.lost <= 0 {
				continue
			}
			lost[p.value] += p.lost
			slow[p.value]++
			total += p.lost
		}
	}
	for host, s := range lost {
		if slow[host] > 1 && s > 0.8*total {
			return host
		}
	}
	return ""
}

// separate finds what tells a suspect's slow requests from its good ones: the one
// of several instances or hosts that loses four fifths of all time, or a version
// that was not seen before.
func (s *Suspect) separate(w *Summary, b *Baseline, slowHost string) {
	all := parts(w, b, s.Service)
	for i := 0; i < len(all); {
		k := i
		lost := 0.0
		for ; k < len(all) && all[k].by == all[i].by; k++ {
			lost += max(0, all[k].lost)
		}
		worst, several := all[i], k-i > 1
		i = k
		alone := several && worst.z > 4 && worst.lost > 0.8*lost && worst.n < 0.9*requests(all, worst.by)
		switch {
		case worst.by == ByVersion && (worst.isNew || alone):
			s.Version = worst.value
			s.Separates = append(s.Separates, fmt.Sprintf("version %s%s", worst.value, since(worst.isNew)))
		case worst.by == ByHost && worst.value == slowHost && worst.z > 4:
			s.Host = worst.value
			s.Separates = append(s.Separates, worst.value+" is slow for all that runs there")
		case !alone:
		case worst.by == ByHost:
			s.Host = worst.value
			s.Separates = append(s.Separates, fmt.Sprintf("on %s a request takes %s, usually %s; elsewhere as usual", worst.value, span(worst.now), span(worst.usual)))
		case worst.by == ByInstance:
			s.Instance = worst.value
			s.Separates = append(s.Separates, fmt.Sprintf("in %s a request takes %s, usually %s; elsewhere as usual", worst.value, span(worst.now), span(worst.usual)))
		}
	}
}

func requests(all []part, by By) (n float64) {
	for _, p := range all {
		if p.by == by {
			n += p.n
		}
	}
	return n
}

func since(isNew bool) string {
	if isNew {
		return " is new"
	}
	return ""
}
