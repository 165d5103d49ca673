// Package forecast predicts the next two hours of a series, with an interval, and
// when a series reaches a bound.
//
// A Forecaster is fed the means of consecutive bins and looks at none that is
// still to come. It learns a profile of the day and what the hour of the week adds
// to it, and predicts the remainder by a robust regression on the present
// remainder, its short and long means, and what was left at the same time
// yesterday. Simpler predictors (the last value, its trend, the median, the
// profile in proportion) compete with it; each counts by how well it did in the
// last day at this horizon. The interval is that which held nine times of ten.
//
// The package computes only: time comes in with the values, state goes out by
// AppendSnapshot and comes back by Restore.
package forecast
