// Package jaegerreceiver takes spans from Jaeger's agents and client libraries: the protobuf
// model over gRPC, as Jaeger's collector does at port 14250.
package jaegerreceiver
