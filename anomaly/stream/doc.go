// Package stream runs detectors and forecasters over text: one point a line in, one
// answer a line out. It is the body of `tidewatch detect` and `tidewatch forecast`.
package stream
