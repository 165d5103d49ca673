// Package loadsheddingextension watches how short the agent is of processor time and of
// memory, and tells the other components what to do without: a ladder that is climbed
// step by step, seen in metrics and logs, and descended by itself.
package loadsheddingextension
