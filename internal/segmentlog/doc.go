// Package segmentlog keeps keys and values in an append-only log of segment files:
// made for queues, whose items are written once, read once and deleted in about the
// order in which they came, and good enough for small state.
//
// A record is what one Apply did, all or nothing: a marker, its length, a CRC-32C and
// the operations. A full segment is sealed by a summary of itself, so that opening a
// log reads the summaries and only the last segment whole. Space comes back when the
// oldest segment holds nothing alive; what is alive in a segment that is mostly dead
// is written again at the end. A record that fails its check is copied to quarantine/
// and counted; the records around it stay.
//
// What an Apply with Urgent has accepted survives the end of the process at any
// moment; how much survives a loss of power is for the caller's calls of Sync.
package segmentlog
