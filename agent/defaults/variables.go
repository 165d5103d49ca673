package defaults

import (
	"io/fs"
	"regexp"
	"slices"
)

var variable = regexp.MustCompile(`\bTIDEWATCH_[A-Z_]+\b`)

// Variables lists the environment variables that profiles read.
func Variables() []string {
	var names []string
	files, _ := fs.Glob(profiles, "*.yaml") // the pattern is constant and valid
	for _, f := range files {
		text, _ := profiles.ReadFile(f) // it was just listed
		for _, name := range variable.FindAllString(string(text), -1) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}
