// Package subset copies a part of a batch, for what is left to send again.
package subset

import "go.opentelemetry.io/collector/pdata/plog"

// Logs copies the records with the given numbers, which ascend, counted in
// the order of iteration. ld stays as it is: other exporters may hold it.
func Logs(ld plog.Logs, numbers []int) plog.Logs {
	out := plog.NewLogs()
	n := 0
	for _, rl := range ld.ResourceLogs().All() {
		toResource := plog.ResourceLogs{}
		resourceMade := false
		for _, sl := range rl.ScopeLogs().All() {
			toScope, scopeMade := plog.ScopeLogs{}, false
			for _, r := range sl.LogRecords().All() {
				if len(numbers) > 0 && numbers[0] == n {
					numbers = numbers[1:]
					if !resourceMade {
						toResource, resourceMade = out.ResourceLogs().AppendEmpty(), true
						rl.Resource().CopyTo(toResource.Resource())
						toResource.SetSchemaUrl(rl.SchemaUrl())
					}
					if !scopeMade {
						toScope, scopeMade = toResource.ScopeLogs().AppendEmpty(), true
						sl.Scope().CopyTo(toScope.Scope())
						toScope.SetSchemaUrl(sl.SchemaUrl())
					}
					r.CopyTo(toScope.LogRecords().AppendEmpty())
				}
				n++
			}
		}
	}
	return out
}
