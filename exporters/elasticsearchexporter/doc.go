// Package elasticsearchexporter writes logs and traces to data streams of
// Elasticsearch by its bulk API. Nothing that the server might still take is
// dropped: each document's own result is read, and only what failed is sent again.
package elasticsearchexporter
