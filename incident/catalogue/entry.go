package catalogue

import (
	"errors"
	"fmt"
	"strings"
)

// Class is what kind of trouble a code tells of. The set is closed: rules and
// dashboards group by it.
type Class string

// Classes lists every class with what belongs to it.
var Classes = []struct {
	Class Class
	Means string
}{
	{"authentication", "who asks is not known: password, token, certificate of a client"},
	{"authorization", "who asks is known and may not: permission, policy, role"},
	{"bug", "the program met a state that its authors did not provide for"},
	{"configuration", "a setting is missing, wrong or does not fit the others"},
	{"conflict", "somebody else changed or holds the same thing: deadlock, duplicate, version"},
	{"connection", "no connection: refused, reset, closed, no route"},
	{"cpu", "too little processor time"},
	{"crash", "a process ended that should not have: signal, panic, failed start"},
	{"data", "what was stored or sent is damaged, or breaks a rule of its schema"},
	{"disk", "storage is full, read-only or failing"},
	{"dns", "a name could not be resolved"},
	{"invalid_request", "the caller asks for something that cannot be done as asked"},
	{"limit", "a limit of the system or the service: descriptors, connections, quota, size"},
	{"memory", "too little memory"},
	{"not_found", "what is asked for does not exist, or not here"},
	{"rate_limit", "more was asked than the caller is granted in a time"},
	{"scheduling", "a workload cannot be placed or started: image, node, volume"},
	{"timeout", "an answer did not come in time"},
	{"tls", "the encrypted connection could not be agreed on"},
	{"unavailable", "the other side is there and cannot serve now: overload, start, failover"},
}

func (c Class) known() bool {
	for _, k := range Classes {
		if k.Class == c {
			return true
		}
	}
	return false
}

// Entry is what is known of one code.
type Entry struct {
	// Code as people write it: ECONNREFUSED, 503, 40P01, OOMKilled.
	Code string `yaml:"code"`
	// Name is the code's text, if it has one besides the code: Service Unavailable.
	Name string `yaml:"name,omitempty"`
	// Matchers are word sequences that tell of the code in a line. Case and what stands
	// between words (up to four characters) do not matter; "*" is any one word, but not
	// the first.
	Matchers []string `yaml:"matchers,omitempty"`
	// With are word sequences of which the line must have one as well.
	With []string `yaml:"with,omitempty"`
	// General entries count only in lines without any other code: they are what a more
	// telling error is wrapped in, or its consequence.
	General bool  `yaml:"general,omitempty"`
	Class   Class `yaml:"class"`
	// Meaning is one or two sentences for somebody who never saw the code.
	Meaning string `yaml:"meaning"`
	// Causes are the likely ones, the most frequent first.
	Causes []string `yaml:"causes"`
	// Command is the first one to run on the host; what is in <> is to be replaced.
	Command string `yaml:"first_command"`
	// Runbook is a path in the project's docs or a URL.
	Runbook string `yaml:"runbook,omitempty"`

	// Family is that of the file; with Code it identifies the entry.
	Family string `yaml:"-"`
	// Source is where the entry is written, as file:line.
	Source string `yaml:"-"`
}

// ID is the value of the attribute error.code: the family and the code, joined by a dot.
func (e *Entry) ID() string { return e.Family + "." + e.Code }

// check returns what is wrong with an entry, and how to mend it.
func (e *Entry) check(forms []string) error {
	switch {
	case e.Code == "":
		return errors.New("code is missing")
	case strings.ContainsAny(e.Code, " \t\n"):
		return fmt.Errorf("code %q has blanks: write it as programs do, and the words as a matcher", e.Code)
	case !e.Class.known():
		return fmt.Errorf("class %q of %s is not one of those listed in docs/catalogue.md", e.Class, e.Code)
	case e.Meaning == "":
		return fmt.Errorf("meaning of %s is missing", e.Code)
	case len(e.Causes) == 0:
		return fmt.Errorf("causes of %s are missing: name at least one", e.Code)
	case e.Command == "":
		return fmt.Errorf("first_command of %s is missing", e.Code)
	case len(e.Matchers) == 0 && len(forms) == 0:
		return fmt.Errorf("matchers of %s are missing, and the file has no forms", e.Code)
	case len(e.Matchers) == 0 && len(sequence(e.Code)) != 1:
		return fmt.Errorf("matchers of %s are missing: forms are for codes of one word", e.Code)
	}
	for _, m := range e.Matchers {
		if strings.Contains(m, codeText) {
			return fmt.Errorf("matcher %q of %s has {code} in it, which only the forms of a file have", m, e.Code)
		}
		if err := checkSequence(m); err != nil {
			return fmt.Errorf("matcher %q of %s %w", m, e.Code, err)
		}
	}
	for _, w := range e.With {
		if err := checkSequence(w); err != nil {
			return fmt.Errorf("with %q of %s %w", w, e.Code, err)
		}
	}
	return nil
}

func checkSequence(s string) error {
	w := sequence(s)
	switch {
	case len(w) == 0:
		return errors.New("has no word")
	case len(w) > maxWords:
		return fmt.Errorf("has more than %d words", maxWords)
	case w[0] == anyWord:
		return errors.New("begins with *: begin with a word that is in the line")
	case w[0] == codeWord:
		return errors.New("begins with {code}: a code alone is a matcher of its entry")
	}
	return nil
}
