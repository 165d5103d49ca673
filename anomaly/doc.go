// Package anomaly learns what is ordinary for one series of numbers and says of
// each new one how surprising it is.
//
// A Detector is fed one point after the other and looks at none that is still to
// come. It predicts the value from the time of day, the hour of the week and the
// recent past, divides what is left by the noise that is usual at this hour, and
// asks the series' own history how rare such a remainder is. The threshold is
// therefore a rate of false alarms and not a number of standard deviations.
// A lone point must be rarer than one in the company of others, and for some hours
// after an alarm every point must be.
//
// The package computes only: time comes in with the points, state goes out by
// AppendSnapshot and comes back by Restore.
package anomaly
