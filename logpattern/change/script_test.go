package change_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern/change"
)

var update = flag.Bool("update", false, "rewrite testdata")

// source is one statement of the program that a script runs.
type source struct {
	id, text, template string
	severity           change.Severity
	perMinute          float64
}

// scripted runs the commands of a script:
//
//	rate ID LEVEL N TEXT    from now on N lines a minute, in random order; {a|b}
//	                        is one of them, {n} a number
//	stop ID | stop          no more of it, or of any
//	say ID LEVEL N TEXT     N lines within a second
//	run DURATION            time passes
//	jump DURATION           the clock is set, also back
//	late DURATION           the lines from now on state an earlier time
//	restart [DURATION]      save, be away, and go on
//	learning DURATION       an option, before anything else
//	step DURATION           how often lines and looks come; 5s if not said
type scripted struct {
	opt     change.Options
	d       *change.Detector
	begin   time.Time
	now     time.Time
	every   time.Duration
	late    time.Duration
	rng     *rand.Rand
	sources []*source
	out     strings.Builder
	saves   bool // save and go on all the time
}

var levels = map[string]change.Severity{"info": change.Info, "warn": change.Warn, "error": change.Error, "-": change.Unknown}

func (s *scripted) do(t *testing.T, line string) {
	f := strings.SplitN(line, " ", 5)
	span := func(i int) time.Duration {
		d, err := time.ParseDuration(f[i])
		require.NoError(t, err, line)
		return d
	}
	switch f[0] {
	case "rate", "say":
		n, err := strconv.ParseFloat(f[3], 64)
		require.NoError(t, err, line)
		src := newSource(f[1], f[2], f[4])
		if f[0] == "say" {
			for range int(n) {
				s.observe(src)
			}
			s.advance()
			return
		}
		src.perMinute = n
		s.stop(src.id)
		s.sources = append(s.sources, src)
	case "stop":
		if len(f) == 1 {
			s.sources = nil
			return
		}
		s.stop(f[1])
	case "run":
		for end := s.now.Add(span(1)); s.now.Before(end); {
			s.step()
		}
	case "step":
		s.every = span(1)
	case "late":
		s.late = span(1)
	case "jump":
		s.now = s.now.Add(span(1))
	case "restart":
		s.save(t)
		if len(f) > 1 {
			s.now = s.now.Add(span(1))
		}
	case "learning":
		s.opt.Learning = span(1)
		s.d = change.NewDetector(s.opt)
	default:
		t.Fatalf("no such command: %s", line)
	}
	if s.saves {
		s.save(t)
	}
}

func newSource(id, level, text string) *source {
	template := text
	for {
		i := strings.IndexByte(template, '{')
		if i < 0 {
			break
		}
		j := i + strings.IndexByte(template[i:], '}')
		kind := "<str>"
		if template[i:j+1] == "{n}" {
			kind = "<num>"
		}
		template = template[:i] + kind + template[j+1:]
	}
	return &source{id: id, text: text, template: template, severity: levels[level]}
}

func (s *scripted) save(t *testing.T) {
	d := change.NewDetector(s.opt)
	require.NoError(t, d.Restore(s.d.Snapshot()))
	s.d = d
}

func (s *scripted) stop(id string) {
	for i, src := range s.sources {
		if src.id == id {
			s.sources = append(s.sources[:i:i], s.sources[i+1:]...)
			return
		}
	}
}

// step lets a little time pass, with lines at random.
func (s *scripted) step() {
	s.now = s.now.Add(s.every)
	for _, src := range s.sources {
		for n := src.perMinute*s.every.Minutes() + s.rng.Float64(); n >= 1; n-- {
			s.observe(src)
		}
	}
	s.advance()
}

func (s *scripted) observe(src *source) {
	text := src.text
	for {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			break
		}
		j := i + strings.IndexByte(text[i:], '}')
		v := strconv.Itoa(s.rng.IntN(10_000))
		if choice := text[i+1 : j]; choice != "n" {
			all := strings.Split(choice, "|")
			v = all[s.rng.IntN(len(all))]
		}
		text = text[:i] + v + text[j+1:]
	}
	s.d.Observe(change.Line{ID: src.id, Template: src.template, Text: "2026-03-09 10:00:00 host " + text, Severity: src.severity, Time: s.now.Add(-s.late)}, s.now)
}

func (s *scripted) advance() {
	for _, c := range s.d.Advance(s.now) {
		what := c.Template
		switch {
		case c.Kind == change.ParameterShift:
			what = fmt.Sprintf("%s, %d is %s", what, c.Position, c.Value)
		case c.Kind == change.Storm:
			what = c.LeftOut
		case c.ID == "" && c.Kind == change.Silence:
			what = "the service"
		}
		fmt.Fprintf(&s.out, "%-11v %-8s %-15v %.4g of %.3g, since %v: %s\n", s.now.Sub(s.begin).Round(time.Second),
			[...]string{"open", "updated", "resolved"}[c.State], c.Kind, c.Observed, c.Expected, c.Start.Sub(s.begin).Round(time.Minute), what)
	}
}

// play runs a script that begins at a time.
func play(t *testing.T, script string, begin time.Time, saves bool) string {
	t.Helper()
	s := &scripted{begin: begin, now: begin, every: 5 * time.Second, rng: rand.New(rand.NewPCG(1, 2)), saves: saves}
	s.d = change.NewDetector(s.opt)
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			s.do(t, line)
		}
	}
	return s.out.String()
}

// Each script must tell the same when all is a week later, and when the state is
// saved and restored at every command.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "scripts", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			script, want, _ := strings.Cut(string(b), "----\n")
			begin := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
			got := play(t, script, begin, false)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(script+"----\n"+got), 0o600))
			} else {
				require.Equal(t, want, got)
			}
			require.Equal(t, got, play(t, script, begin.AddDate(0, 0, 35), false), "five weeks later")
			require.Equal(t, got, play(t, script, begin, true), "with a restart at every command")
		})
	}
}
