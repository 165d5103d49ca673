// Package tailsamplingprocessor keeps the traces that are worth keeping: those with errors, the slow,
// the rare, and a fair share of the rest, within a budget, and says for how many each stands.
package tailsamplingprocessor
