package incident

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/signals"
)

// Entry is an entry of the catalogue as it is written in YAML.
type Entry struct {
	// Code is the name of the error, unique in the catalogue: ECONNREFUSED, or
	// pool-exhausted.
	Code string `yaml:"code" json:"code"`
	// Matchers are phrases by which a log line is known.
	Matchers []string `yaml:"matchers" json:"matchers"`
	// Class groups codes: network, database, memory, ...
	Class string `yaml:"class" json:"class"`
	// Meaning is a sentence for people, Causes what is likely behind it.
	Meaning string   `yaml:"meaning" json:"meaning"`
	Causes  []string `yaml:"causes" json:"causes"`
	// FirstCommand is what to run first, Runbook where to read on.
	FirstCommand string `yaml:"first_command" json:"first_command"`
	Runbook      string `yaml:"runbook" json:"runbook"`
	// Learned says from which incident a person taught the entry.
	Learned *Learned `yaml:"learned,omitempty" json:"learned,omitempty"`
}

// Learned is where an entry comes from.
type Learned struct {
	Incident string    `yaml:"incident" json:"incident"`
	By       string    `yaml:"by" json:"by"`
	At       time.Time `yaml:"at" json:"at"`
	// Findings are the ids of the cause's findings: an incident with one of them as its
	// cause is known again.
	Findings []string `yaml:"findings,omitempty" json:"findings,omitempty"`
}

var codeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$`)

// Validate names the field and the fix. Entries that were learned may lack what
// nobody knows yet.
func (e *Entry) Validate() error {
	switch {
	case !codeForm.MatchString(e.Code):
		return fmt.Errorf("code %q must have 1 to 64 letters, digits and any of _.:-", clip(e.Code, maxName))
	case e.Class == "":
		return errors.New("class must be set")
	case e.Meaning == "":
		return errors.New("meaning must be a sentence")
	}
	return nil
}

// EncodeEntry writes an entry as a file of the user's folder.
func EncodeEntry(e *Entry) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("# Taught by a person; add causes, first_command and runbook as they are known.\n")
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("write entry: %w", err)
	}
	return out.Bytes(), nil
}

// ParseEntry reads a file that EncodeEntry wrote and a person may have edited.
func ParseEntry(b []byte) (Entry, error) {
	var e Entry
	if err := yaml.Unmarshal(b, &e); err != nil {
		return Entry{}, fmt.Errorf("read entry: %w", err)
	}
	return e, e.Validate()
}

// minPhrase is the shortest phrase by which a line is known.
const minPhrase = 12

// phrasesOf are the longest constant parts of the log patterns among members.
func phrasesOf(members []*Member) []string {
	var out []string
	for _, m := range members {
		template := attr(m.Details, signals.AttrTemplate)
		longest := ""
		for template != "" {
			var part string
			part, template, _ = strings.Cut(template, "<")
			if part = strings.TrimSpace(part); len(part) > len(longest) {
				longest = part
			}
			_, template, _ = strings.Cut(template, ">")
		}
		if len(longest) >= minPhrase && len(out) < maxLinks {
			out = append(out, longest)
		}
	}
	return out
}
