// Package kafkaexporter writes logs, metrics and traces to Kafka as OTLP protobuf,
// with a key, so that all of one host's series, one file's lines and one trace's spans
// are in one partition.
package kafkaexporter
