// Package expr refuses every expression. In binaries that are released it takes the place
// of github.com/expr-lang/expr, which looks methods up by their names, so that the linker
// keeps each method of each type in the program. Upstream's filter and attributes
// processors use it for match_type: expr alone, which they advise against.
package expr

import (
	"errors"

	"github.com/expr-lang/expr/vm"
)

// Compile refuses and says what to write instead.
func Compile(string) (*vm.Program, error) {
	return nil, errors.New(`match_type: expr is not part of this binary: write the condition in OTTL, as in metrics: {metric: ['name == "queue.size"'], datapoint: ['attributes["queue"] == "dead"']} of the filter processor`)
}
