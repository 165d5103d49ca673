// Package signals holds the names that more than one part of Tidewatch must
// agree on: attributes, metric names, findings and default addresses. The
// component that emits a name and the dashboard, rule or page that shows it use
// the same constant, so that a renamed metric fails to compile instead of
// leaving an empty panel. It holds no behaviour and imports nothing.
package signals
