package anomalyconnector

// seriesID identifies a series by its resource, metric and attributes; the order
// of attributes does not matter and the scope takes no part, so that an upgrade
// of an instrumentation library keeps the baseline.
type seriesID uint64
