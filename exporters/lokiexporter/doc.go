// Package lokiexporter writes logs to Loki by its push API, synchronously: a
// batch counts as delivered once Loki has said so. Few attributes become labels,
// the others structured metadata.
package lokiexporter
