package drill

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// RecordVersion is that of the files that are written.
const RecordVersion = 1

// Record is what is kept of a drill, the file drills/<date>-<scenario>-<seed>.yaml of a ledger.
type Record struct {
	Version  int       `yaml:"version" json:"version"`
	Date     time.Time `yaml:"date" json:"date"`
	Scenario string    `yaml:"scenario" json:"scenario"`
	Seed     uint64    `yaml:"seed" json:"seed"`
	// Alertmanager is its version, Config the beginning of the SHA-256 of the configuration, with the receivers that it had.
	Alertmanager string `yaml:"alertmanager" json:"alertmanager"`
	Config       string `yaml:"config_sha256" json:"config_sha256"`
	// Speed is how much faster than in life everything was; all times are those of life.
	Speed float64 `yaml:"speed" json:"speed"`
	// Lag is the most that an alert was sent late, in seconds: beyond a quarter of the group_wait a drill says nothing.
	Lag float64 `yaml:"lag_seconds" json:"lag_seconds"`
	// What was sent: all alerts, and of these symptoms, bystanders, those whose condition comes and goes, and how many
	// of those fire all the same because of keep_firing_for.
	Alerts     int `yaml:"alerts" json:"alerts"`
	Symptoms   int `yaml:"symptoms" json:"symptoms"`
	Bystanders int `yaml:"bystanders" json:"bystanders"`
	Flapping   int `yaml:"flapping" json:"flapping"`
	Damped     int `yaml:"damped" json:"damped"`
	// Rules is how many different rules fired.
	Rules  int    `yaml:"rules" json:"rules"`
	Result Result `yaml:"result" json:"result"`
	// Incidents is what the agent's own engine makes of the same storm.
	Incidents Incidents `yaml:"incidents" json:"incidents"`
	Budget    Budget    `yaml:"budget" json:"budget"`
}

// NewRecord is the record of a storm and its result at a time.
func NewRecord(s *Storm, date time.Time, result Result, b Budget) Record {
	b.Seconds = b.CauseWithin.Seconds()
	r := Record{
		Version: RecordVersion, Date: date.UTC().Truncate(time.Second), Scenario: s.Scenario, Seed: s.Seed, Speed: 1,
		Alerts: len(s.Alerts), Result: result, Incidents: s.Incidents(date), Budget: b,
	}
	rules := map[string]bool{}
	for i := range s.Alerts {
		a := &s.Alerts[i]
		rules[a.Rule.ID] = true
		switch a.Role {
		case RoleSymptom:
			r.Symptoms++
		case RoleBystander:
			r.Bystanders++
		}
		if a.Flaps {
			r.Flapping++
			if len(a.On) == 1 {
				r.Damped++
			}
		}
	}
	r.Rules = len(rules)
	return r
}

// File is its path below the root of a ledger.
func (r *Record) File() string {
	return fmt.Sprintf("drills/%s-%s-%d.yaml", r.Date.Format(time.DateOnly), r.Scenario, r.Seed)
}

// Encode writes it as YAML.
func (r *Record) Encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# What a storm of alerts became: `tidewatch alerts drill` wrote this.\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("write record of drill: %w", err)
	}
	return b.Bytes(), nil
}

// mostRecords bounds what is read; the newest are kept.
const mostRecords = 1000

// ReadRecords reads the drills of a ledger, the newest first; a ledger without any has none. What cannot be read is told
// in the error, beside all that could.
func ReadRecords(fsys fs.FS) ([]Record, error) {
	files, err := fs.ReadDir(fsys, "drills")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list drills: %w", err)
	}
	var problems []error
	var out []Record
	for _, f := range slices.Backward(files) { // names begin with the date
		if f.IsDir() || path.Ext(f.Name()) != ".yaml" || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		if len(out) == mostRecords {
			break
		}
		name := path.Join("drills", f.Name())
		r, err := readRecord(fsys, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
			continue
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b Record) int { return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(a.Scenario, b.Scenario)) })
	return out, errors.Join(problems...)
}

func readRecord(fsys fs.FS, name string) (Record, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Record{}, fmt.Errorf("read record of drill: %w", err)
	}
	var r Record
	if err := yaml.Unmarshal(text, &r); err != nil {
		return Record{}, fmt.Errorf("read record of drill: %w", err)
	}
	if r.Version != RecordVersion {
		return Record{}, fmt.Errorf("read record of drill: version is %d, this program knows %d", r.Version, RecordVersion)
	}
	return r, nil
}
