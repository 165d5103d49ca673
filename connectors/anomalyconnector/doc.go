// Package anomalyconnector learns the ordinary band of each metric series and
// derives two things from it: the band and the score as metrics beside the
// metrics that it passes on, and a finding when a series leaves its band.
package anomalyconnector
