// Package stream runs detectors over text: one point a line in, one score a line
// out. It is the body of `tidewatch detect`.
package stream
