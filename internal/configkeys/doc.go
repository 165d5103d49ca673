// Package configkeys tells which keys a component's configuration has, from its Go
// type: for a reference, for people who mistyped one, and for editors.
package configkeys
