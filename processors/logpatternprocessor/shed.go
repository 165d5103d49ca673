package logpatternprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/tidewatch/tidewatch/internal/pressure"
)

// keepOneIn is how many lines of a pattern make one that is handed on while debug lines
// are sampled: enough to see that the pattern goes on, and a tenth of what it costs.
const keepOneIn = 10

// sheds says whether a line is left out: one of severity DEBUG or TRACE that is neither
// the first of its pattern nor the next tenth. A line without severity stays, and so
// does one without a pattern of this processor.
func (p *patterns) sheds(r plog.LogRecord, count uint64, total *totals) bool {
	severity := r.SeverityNumber()
	if severity < plog.SeverityNumberTrace || severity > plog.SeverityNumberDebug4 || count == 0 || (count-1)%keepOneIn == 0 {
		return false
	}
	total.shed++
	return true
}

// without counts what was left out. When nothing is left, there is nothing to hand on.
func (p *patterns) without(ctx context.Context, ld plog.Logs, level pressure.Level, total *totals) error {
	p.shed.Add(ctx, pressure.SampleDebug, total.shed)
	if level >= pressure.CoarsePatterns {
		p.shed.Add(ctx, pressure.CoarsePatterns, int(total.overflow)) //nolint:gosec // a batch is no billions
	}
	if total.shed > 0 && ld.LogRecordCount() == 0 {
		return processorhelper.ErrSkipProcessingData
	}
	return nil
}
