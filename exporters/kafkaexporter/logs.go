package kafkaexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

var (
	encodeLogs plog.ProtoMarshaler
	decodeLogs plog.ProtoUnmarshaler
)

func (e *kafkaExporter) pushLogs(ctx context.Context, ld plog.Logs) error {
	b, err := encodeLogs.MarshalLogs(ld)
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("encode logs: %w", err))
	}
	messages := byKey(b, func(n int) (uint64, bool) {
		rl := ld.ResourceLogs().At(n)
		return resourceKey(rl.Resource(), e.cfg.Key.Logs), rl.ScopeLogs().Len() == 0
	})
	failed, err := e.send(ctx, signal{e.cfg.Topics.Logs, halveLogs, countLogs}, messages)
	if err == nil {
		return nil
	}
	left, derr := decodeLogs.UnmarshalLogs(failed)
	if derr != nil { // cannot be: it was encoded above
		return err
	}
	return consumererror.NewLogs(err, left)
}

func halveLogs(b []byte) (first, second []byte, ok bool) {
	whole, err := decodeLogs.UnmarshalLogs(b)
	n := whole.LogRecordCount()
	if err != nil || n < 2 {
		return nil, nil, false
	}
	other := plog.NewLogs()
	whole.CopyTo(other)
	return logsPart(whole, 0, n/2), logsPart(other, n/2, n), true
}

// logsPart leaves the records from one number up to another in ld and encodes them.
func logsPart(ld plog.Logs, from, to int) []byte {
	n := -1
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				n++
				return n < from || n >= to
			})
			return sl.LogRecords().Len() == 0
		})
		return rl.ScopeLogs().Len() == 0
	})
	b, _ := encodeLogs.MarshalLogs(ld) // pdata that was decoded can be encoded
	return b
}

func countLogs(b []byte) int {
	whole, err := decodeLogs.UnmarshalLogs(b)
	if err != nil {
		return 0
	}
	return whole.LogRecordCount()
}
