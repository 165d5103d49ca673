package kafkareceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// consume decodes a message and hands it on. It returns how many records that were; of
// what cannot be decoded the error is errNotOTLP. b stays the caller's.
type consume func(ctx context.Context, b []byte) (items int, err error)

var errNotOTLP = errors.New("the message is not OTLP protobuf of this signal")

// format is what receivers report to the collector's own metrics.
const format = "otlp_proto"

func (r *kafkaReceiver) logs(next consumer.Logs) consume {
	var decode plog.ProtoUnmarshaler
	return func(ctx context.Context, b []byte) (int, error) {
		ld, err := decode.UnmarshalLogs(b)
		if err != nil {
			return 0, errNotOTLP
		}
		n := ld.LogRecordCount()
		ctx = r.report.StartLogsOp(ctx)
		err = next.ConsumeLogs(ctx, ld)
		r.report.EndLogsOp(ctx, format, n, err)
		return n, err
	}
}

func (r *kafkaReceiver) metrics(next consumer.Metrics) consume {
	var decode pmetric.ProtoUnmarshaler
	return func(ctx context.Context, b []byte) (int, error) {
		md, err := decode.UnmarshalMetrics(b)
		if err != nil {
			return 0, errNotOTLP
		}
		n := md.DataPointCount()
		ctx = r.report.StartMetricsOp(ctx)
		err = next.ConsumeMetrics(ctx, md)
		r.report.EndMetricsOp(ctx, format, n, err)
		return n, err
	}
}

func (r *kafkaReceiver) traces(next consumer.Traces) consume {
	var decode ptrace.ProtoUnmarshaler
	return func(ctx context.Context, b []byte) (int, error) {
		td, err := decode.UnmarshalTraces(b)
		if err != nil {
			return 0, errNotOTLP
		}
		n := td.SpanCount()
		ctx = r.report.StartTracesOp(ctx)
		err = next.ConsumeTraces(ctx, td)
		r.report.EndTracesOp(ctx, format, n, err)
		return n, err
	}
}
