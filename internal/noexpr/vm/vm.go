// Package vm has the names that users of package expr need.
package vm

import "errors"

// Program is what no expression is compiled to.
type Program struct{}

// VM runs nothing.
type VM struct{}

// Run fails: there is no Program.
func (*VM) Run(*Program, any) (any, error) {
	return nil, errors.New("expressions are not part of this binary")
}
