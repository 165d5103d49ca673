package defaults

import (
	"fmt"
	"slices"
	"strings"
)

// kinds are the servers that the middleware receiver reads.
var kinds = []string{"nginx", "redis", "postgresql", "mysql", "jvm"}

// servers reads TIDEWATCH_MIDDLEWARE: kinds of servers, separated by spaces or commas; all
// stands for all.
func servers(names string) ([]string, error) {
	var chosen []string
	for _, name := range strings.FieldsFunc(names, func(r rune) bool { return r == ' ' || r == ',' }) {
		switch {
		case name == "all":
			return kinds, nil
		case !slices.Contains(kinds, name):
			return nil, fmt.Errorf("TIDEWATCH_MIDDLEWARE: %q is not one of %s and all", name, strings.Join(kinds, ", "))
		case !slices.Contains(chosen, name):
			chosen = append(chosen, name)
		}
	}
	return chosen, nil
}
