// Package zipkinreceiver takes spans from Zipkin's client libraries: JSON of its second
// version over HTTP.
package zipkinreceiver
