// Package pipelinetest runs unit tests of a pipeline: records go in, and what comes out
// of the processors and connectors of a real configuration is held against what was
// expected. Receivers are replaced by a feed, exporters by a catch, and storage by one that
// keeps nothing; so no port is opened and no state is touched.
package pipelinetest
