// Package segmentstorageextension keeps the queues of exporters and the state of
// components in append-only segment files (internal/segmentlog): nothing that a queue
// has accepted is lost when the process ends, at whatever moment, and damage to a file
// costs only the records that it hit.
package segmentstorageextension
