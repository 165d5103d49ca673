package catalogue

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed entries/*.yaml
var embedded embed.FS

// Shipped returns the files that come with the program.
func Shipped() fs.FS {
	sub, err := fs.Sub(embedded, "entries")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return sub
}

// MaxEntries bounds a catalogue, MaxFile one file of it in bytes.
const (
	MaxEntries = 10_000
	MaxFile    = 4 << 20
)

// Catalogue is a set of entries with unique ids, in order of family and file.
type Catalogue struct {
	entries []*Entry
	forms   map[string][]string // of a family
	byID    map[string]int
}

// file is a YAML file: a family of codes.
type file struct {
	// Family is the first half of the ids.
	Family string `yaml:"family"`
	// Forms are matchers that every entry of the file has, with {code} in them.
	Forms   []string    `yaml:"forms,omitempty"`
	Entries []yaml.Node `yaml:"entries"`
}

var validFamily = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Load reads the *.yaml files at the top of each file system. An entry with the id of
// one before it, or of a file system before it, replaces that; a family's forms are
// those of all its files. The error names every fault as file:line.
func Load(systems ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{forms: map[string][]string{}, byID: map[string]int{}}
	var errs []error
	for _, system := range systems {
		names, err := fs.Glob(system, "*.yaml")
		if err != nil {
			return nil, fmt.Errorf("list catalogue: %w", err)
		}
		for _, name := range names {
			errs = append(errs, c.read(system, name)...)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Catalogue) read(system fs.FS, name string) []error {
	info, err := fs.Stat(system, name)
	if err == nil && info.Size() > MaxFile {
		err = fmt.Errorf("it has %d bytes, more than %d", info.Size(), MaxFile)
	}
	var b []byte
	if err == nil {
		b, err = fs.ReadFile(system, name)
	}
	if err != nil {
		return []error{fmt.Errorf("read catalogue %s: %w", name, err)}
	}
	var f file
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return []error{fmt.Errorf("%s: %w", name, err)}
	}
	if !validFamily.MatchString(f.Family) {
		return []error{fmt.Errorf("%s: family %q must be lower-case letters, digits and _", name, f.Family)}
	}
	var errs []error
	for _, form := range f.Forms {
		if err := checkSequence(form); err != nil {
			errs = append(errs, fmt.Errorf("%s: form %q %w", name, form, err))
		}
		if strings.Count(form, codeText) != 1 {
			errs = append(errs, fmt.Errorf("%s: form %q must have {code} once", name, form))
		}
	}
	c.forms[f.Family] = append(c.forms[f.Family], f.Forms...)
	for i := range f.Entries {
		if err := c.add(&f, &f.Entries[i], name); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (c *Catalogue) add(f *file, node *yaml.Node, name string) error {
	e := &Entry{Family: f.Family, Source: fmt.Sprintf("%s:%d", path.Base(name), node.Line)}
	if err := strict(node); err != nil {
		return fmt.Errorf("%s: %w", e.Source, err)
	}
	if err := node.Decode(e); err != nil {
		return fmt.Errorf("%s: %w", e.Source, err)
	}
	if err := e.check(c.forms[f.Family]); err != nil {
		return fmt.Errorf("%s: %w", e.Source, err)
	}
	if i, known := c.byID[e.ID()]; known {
		c.entries[i] = e
		return nil
	}
	if len(c.entries) >= MaxEntries {
		return fmt.Errorf("%s: the catalogue has %d entries already", e.Source, MaxEntries)
	}
	c.byID[e.ID()] = len(c.entries)
	c.entries = append(c.entries, e)
	return nil
}

var keys = []string{"code", "name", "matchers", "with", "general", "class", "meaning", "causes", "first_command", "runbook"}

// strict refuses keys that an entry has not; a Node's own Decode ignores them.
func strict(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("an entry must be a mapping: code, class, meaning, causes, first_command")
	}
	for i := 0; i < len(node.Content); i += 2 {
		if k := node.Content[i]; !slices.Contains(keys, k.Value) {
			return fmt.Errorf("key %q in line %d is not known: an entry has %s", k.Value, k.Line, strings.Join(keys, ", "))
		}
	}
	return nil
}

// Len is the number of entries.
func (c *Catalogue) Len() int { return len(c.entries) }

// Entries returns all, in order; the caller must not change them.
func (c *Catalogue) Entries() []*Entry { return c.entries }

// Entry returns the entry with an id, nil if there is none; the caller must not
// change it.
func (c *Catalogue) Entry(id string) *Entry {
	if i, ok := c.byID[id]; ok {
		return c.entries[i]
	}
	return nil
}

// Find returns the entries whose id, code or name is text, whatever its case.
func (c *Catalogue) Find(text string) []*Entry {
	var found []*Entry
	for _, e := range c.entries {
		if strings.EqualFold(e.Code, text) || strings.EqualFold(e.ID(), text) || strings.EqualFold(e.Name, text) {
			found = append(found, e)
		}
	}
	return found
}
