// Package lint holds the laws of the source tree that general linters do not
// know: which package may import which, what a component's folder must have,
// and what a library may not do. They run with the ordinary tests.
package lint
