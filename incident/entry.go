package incident

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/incident/catalogue"
	"github.com/tidewatch/tidewatch/signals"
)

// Entry is an entry of the catalogue of error codes, as a person teaches it.
type Entry struct {
	// Code is the name of the error, unique among what was taught: pool-exhausted.
	Code string `yaml:"code" json:"code"`
	// Matchers are word sequences by which a log line is known.
	Matchers []string `yaml:"matchers" json:"matchers"`
	// Class is one of catalogue.Classes.
	Class string `yaml:"class" json:"class"`
	// Meaning is a sentence for people, Causes what is likely behind it.
	Meaning string   `yaml:"meaning" json:"meaning"`
	Causes  []string `yaml:"causes" json:"causes"`
	// FirstCommand is what to run first, Runbook where to read on.
	FirstCommand string `yaml:"first_command" json:"first_command"`
	Runbook      string `yaml:"runbook,omitempty" json:"runbook,omitempty"`
	// Learned says where it comes from; in the file it is a comment.
	Learned Learned `yaml:"-" json:"learned"`
}

// Learned is where an entry comes from.
type Learned struct {
	Incident string    `json:"incident"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	// Findings are the ids of the cause's findings: an incident with one of them as its
	// cause is known again.
	Findings []string `json:"findings,omitempty"`
}

var codeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$`)

// Validate names the field and the fix.
func (e *Entry) Validate() error {
	if !codeForm.MatchString(e.Code) {
		return fmt.Errorf("code %q must have 1 to 64 letters, digits and any of _.:-", clip(e.Code, maxName))
	}
	known := make([]string, 0, len(catalogue.Classes))
	for _, c := range catalogue.Classes {
		known = append(known, string(c.Class))
	}
	if !slices.Contains(known, e.Class) {
		return fmt.Errorf("class must be one of %s", strings.Join(known, ", "))
	}
	return nil
}

// EncodeEntry writes an entry as a file for the user's folder of the catalogue.
func EncodeEntry(e *Entry) ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Taught by %s at %s, of incident %s. Edit freely.\n", oneLine(e.Learned.By), e.Learned.At.UTC().Format(time.RFC3339), e.Learned.Incident)
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(struct {
		Family  string   `yaml:"family"`
		Entries []*Entry `yaml:"entries"`
	}{"learned", []*Entry{e}}); err != nil {
		return nil, fmt.Errorf("write entry: %w", err)
	}
	return out.Bytes(), nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// complete fills in what the person left out from the findings of the cause.
func (e *Entry) complete(members []*Member) {
	if e.Code == "" {
		e.Code = e.Learned.Incident
	}
	if e.Class == "" {
		e.Class = "unavailable" // what users notice, whatever the cause
	}
	if e.Meaning == "" {
		e.Meaning = "A person took this for the cause of incident " + e.Learned.Incident + "."
		if len(members) > 0 {
			e.Meaning = members[0].Summary
		}
	}
	if len(e.Causes) == 0 {
		e.Causes = []string{"as in incident " + e.Learned.Incident}
	}
	if len(e.Matchers) == 0 {
		e.Matchers = phrasesOf(members)
	}
	if len(e.Matchers) == 0 {
		e.Matchers = []string{"learned " + e.Code} // no line tells of it, but people may write it
	}
	if e.FirstCommand == "" {
		e.FirstCommand = "tidewatch incidents show " + e.Learned.Incident
	}
}

// minPhrase is the shortest phrase by which a line is known, maxPhraseWords the longest.
const (
	minPhrase      = 12
	maxPhraseWords = 6
)

// phrasesOf are the longest constant parts of the log patterns among members.
func phrasesOf(members []*Member) []string {
	var out []string
	for _, m := range members {
		template := attr(m.Details, signals.AttrTemplate)
		longest := ""
		for template != "" {
			var part string
			part, template, _ = strings.Cut(template, "<")
			words := strings.Fields(part)
			if part = strings.Join(words[:min(len(words), maxPhraseWords)], " "); len(part) > len(longest) {
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
