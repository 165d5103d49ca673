package alerts

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

//go:embed rules runbooks owners.yaml
var shippedFiles embed.FS

// Bounds of what is read: a ledger is written by people.
const (
	mostRules    = 5000
	mostFileSize = 1 << 20
)

// Shipped is the ledger that came with the binary.
func Shipped() (Ledger, error) {
	l, err := Load(shippedFiles)
	if err != nil {
		return Ledger{}, fmt.Errorf("read shipped rules: %w", err)
	}
	for _, r := range l.Rules {
		r.Shipped = true
	}
	return l, nil
}

// Load reads a ledger: rules/<group>/<ID>.yaml, runbooks/*.md and owners.yaml, any of which may be missing. It is strict: an
// unknown key, a value of another kind, a file that is not named after its rule and an ID that is there twice are
// errors, each with file, line and column, and all of them are told at once. Whether a rule makes sense is for Lint.
func Load(fsys fs.FS) (Ledger, error) {
	l := Ledger{Runbooks: map[string]string{}}
	var problems []error
	files, err := list(fsys, "rules", ".yaml")
	if err != nil {
		return Ledger{}, err
	}
	if len(files) > mostRules {
		return Ledger{}, fmt.Errorf("read rules: more than %d files", mostRules)
	}
	byID := map[string]*Rule{}
	for _, name := range files {
		r, err := loadRule(fsys, name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if other := byID[r.ID]; other != nil {
			problems = append(problems, fmt.Errorf("%s: id %s is also in %s: an id is there once", r.Position("id"), r.ID, other.Position("id")))
			continue
		}
		byID[r.ID] = r
		l.Rules = append(l.Rules, r)
	}
	if l.Owners, err = loadOwners(fsys); err != nil {
		problems = append(problems, err)
	}
	runbooks, err := list(fsys, "runbooks", ".md")
	if err != nil {
		return Ledger{}, err
	}
	for _, name := range runbooks {
		text, err := read(fsys, name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		l.Runbooks[strings.TrimPrefix(name, "runbooks/")] = string(text)
	}
	if err := errors.Join(problems...); err != nil {
		return Ledger{}, err
	}
	l.sort()
	return l, nil
}

// Override puts the rules, runbooks and owners of another ledger over this one: a rule or an owner replaces that of the
// same name.
func (l Ledger) Override(by Ledger) Ledger {
	merged := Ledger{Rules: slices.Clone(by.Rules), Owners: l.Owners, Runbooks: maps.Clone(l.Runbooks)}
	for _, r := range l.Rules {
		if _, replaced := by.Rule(r.ID); !replaced {
			merged.Rules = append(merged.Rules, r)
		}
	}
	if merged.Runbooks == nil {
		merged.Runbooks = map[string]string{}
	}
	maps.Copy(merged.Runbooks, by.Runbooks)
	merged.Owners = l.Owners.override(by.Owners)
	merged.sort()
	return merged
}

func (o Owners) override(by Owners) Owners {
	if by.File == "" {
		return o
	}
	merged := by
	merged.Owners = maps.Clone(o.Owners)
	if merged.Owners == nil {
		merged.Owners = map[string]Owner{}
	}
	maps.Copy(merged.Owners, by.Owners)
	merged.Default = cmp.Or(by.Default, o.Default)
	merged.RunbookURL = cmp.Or(by.RunbookURL, o.RunbookURL)
	merged.DashboardURL = cmp.Or(by.DashboardURL, o.DashboardURL)
	merged.SMTP = cmp.Or(by.SMTP, o.SMTP)
	return merged
}

func (l Ledger) sort() {
	slices.SortFunc(l.Rules, func(a, b *Rule) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.ID, b.ID)) })
}

func loadRule(fsys fs.FS, name string) (*Rule, error) {
	text, err := read(fsys, name)
	if err != nil {
		return nil, err
	}
	r := &Rule{File: name}
	if r.positions, err = decode(name, text, r); err != nil {
		return nil, err
	}
	if want := strings.TrimSuffix(path.Base(name), path.Ext(name)); r.ID != want {
		return nil, fmt.Errorf("%s: id is %q and the file is named after %q: they must be the same", r.Position("id"), r.ID, want)
	}
	if want := path.Base(path.Dir(name)); r.Group != want {
		return nil, fmt.Errorf("%s: group is %q and the folder is %q: they must be the same", r.Position("group"), r.Group, want)
	}
	return r, nil
}

func loadOwners(fsys fs.FS) (Owners, error) {
	const name = "owners.yaml"
	var o Owners
	if _, err := fs.Stat(fsys, name); errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	text, err := read(fsys, name)
	if err != nil {
		return o, err
	}
	o.File = name
	o.positions, err = decode(name, text, &o)
	return o, err
}

// list returns the files below a folder with an ending, in order; a folder that is missing has none.
func list(fsys fs.FS, dir, ending string) ([]string, error) {
	var files []string
	err := fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == dir:
			return fs.SkipAll
		case err != nil:
			return err
		case strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return fs.SkipDir
		case !d.IsDir() && !strings.HasPrefix(d.Name(), ".") && path.Ext(name) == ending:
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return files, nil
}

func read(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read rule: %w", err)
	}
	if info.Size() > mostFileSize {
		return nil, fmt.Errorf("read %s: it has %d bytes, more than %d", name, info.Size(), mostFileSize)
	}
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read rule: %w", err)
	}
	return text, nil
}
