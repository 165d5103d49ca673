// Package kafkareceiver reads OTLP protobuf from Kafka as a member of a consumer group.
// The offset of a message is committed after the pipeline has taken it, never before.
package kafkareceiver
