// Package kafkaclient is how the components reach Kafka: addresses, TLS, SASL and
// what the client library logs. The client is franz-go.
package kafkaclient
