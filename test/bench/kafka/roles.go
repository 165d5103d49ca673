package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/exporters/kafkaexporter"
	"github.com/tidewatch/tidewatch/receivers/kafkareceiver"
)

const (
	batchRecords = 4000 // about 1 MiB, as the exporter's queue makes them
	hosts        = 8    // whose batches come in turn
	variants     = 2    // of each host's batch
)

// agent writes batches at the rate until SIGTERM.
func agent() error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	cfg := kafkaexporter.NewFactory().CreateDefaultConfig().(*kafkaexporter.Config)
	cfg.Client.Brokers = []string{*brokers}
	cfg.Compression = *compression
	// The queue is the agent's and measured with it; here the loop is the queue.
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	e, err := kafkaexporter.NewFactory().CreateLogs(stop, exportertest.NewNopSettings(kafkaexporter.NewFactory().Type()), cfg)
	if err != nil {
		return err
	}
	if err := e.Start(stop, componenttest.NewNopHost()); err != nil {
		return err
	}
	batches := lines()
	var written atomic.Int64
	base := usage() // the lines are not the agent's work
	if err := write(stop, e, batches, &written, base); err != nil {
		return err
	}
	report(&written, base)
	return e.Shutdown(context.Background())
}

func write(stop context.Context, e exporter.Logs, batches []plog.Logs, written *atomic.Int64, base float64) error {
	begin, told := time.Now(), time.Now()
	for n := 0; stop.Err() == nil; n++ {
		if err := e.ConsumeLogs(context.Background(), batches[n%len(batches)]); err != nil {
			return err
		}
		written.Add(batchRecords)
		if *rate > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(n+1) * batchRecords * time.Second / time.Duration(*rate))))
		}
		if time.Since(told) > time.Second/2 {
			told = time.Now()
			report(written, base)
		}
	}
	return nil
}

// gateway reads until SIGTERM.
func gateway() error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	cfg := kafkareceiver.NewFactory().CreateDefaultConfig().(*kafkareceiver.Config)
	cfg.Client.Brokers = []string{*brokers}
	var read atomic.Int64
	sink, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		read.Add(int64(ld.LogRecordCount()))
		return nil
	})
	if err != nil {
		return err
	}
	r, err := kafkareceiver.NewFactory().CreateLogs(stop, receivertest.NewNopSettings(component.MustNewType("kafka")), cfg, sink)
	if err != nil {
		return err
	}
	if err := r.Start(stop, componenttest.NewNopHost()); err != nil {
		return err
	}
	for tick := time.NewTicker(time.Second / 2); stop.Err() == nil; {
		select {
		case <-tick.C:
		case <-stop.Done():
		}
		report(&read, 0)
	}
	return r.Shutdown(context.Background())
}

func report(n *atomic.Int64, base float64) {
	b, _ := json.Marshal(state{n.Load(), usage() - base})
	fmt.Println(string(b))
}

// usage is the CPU time of this process, in seconds.
func usage() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fmt.Fprintln(os.Stderr, "kafka: getrusage:", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// lines makes batches of log records as an agent sends them: an access log, an
// application's and errors, each with what the agent adds.
func lines() []plog.Logs {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]plog.Logs, 0, hosts*variants)
	at := time.Unix(1_700_000_000, 0)
	for range variants {
		for h := range hosts {
			ld := plog.NewLogs()
			rl := ld.ResourceLogs().AppendEmpty()
			res := rl.Resource().Attributes()
			res.PutStr("host.name", fmt.Sprintf("web-%02d", h))
			res.PutStr("service.name", "shop")
			res.PutStr("os.type", "linux")
			sl := rl.ScopeLogs().AppendEmpty()
			for i := range batchRecords {
				at = at.Add(time.Duration(r.IntN(10_000_000)))
				record(sl.LogRecords().AppendEmpty(), r, at, i)
			}
			out = append(out, ld)
		}
	}
	return out
}

func record(lr plog.LogRecord, r *rand.Rand, at time.Time, i int) {
	body, template, id := "", "", ""
	switch r.IntN(4) {
	case 0:
		body = fmt.Sprintf(`10.%d.%d.%d - - "GET /api/v1/orders/%d HTTP/1.1" 200 %d "-" "curl/8.5.0" %.3f`, r.IntN(4), r.IntN(256), r.IntN(256), r.IntN(1e6), r.IntN(20000), r.Float64())
		template, id = `<ip> - - "GET /api/v1/orders/<num> HTTP/1.1" <num> <num> "-" "curl/<num>" <num>`, "5a0c11d2a7f0e3b4"
	case 1:
		body = fmt.Sprintf("order %d of customer %x accepted in %d ms, %d items, total %.2f EUR", r.IntN(1e7), r.Uint64(), r.IntN(900), r.IntN(12), 500*r.Float64())
		template, id = "order <num> of customer <hex> accepted in <num> ms, <num> items, total <num> EUR", "91bb07c4de21aa60"
	case 2:
		body = fmt.Sprintf("dial tcp 10.0.%d.%d:5432: connect: connection refused (attempt %d)", r.IntN(8), r.IntN(256), r.IntN(10))
		template, id = "dial tcp <ip>:<num>: connect: connection refused (attempt <num>)", "0f4e88a1c9d35b77"
	default:
		body = fmt.Sprintf("cache miss for key user:%d:profile, loaded from replica %d in %d us", r.IntN(1e8), r.IntN(3), r.IntN(30000))
		template, id = "cache miss for key user:<num>:profile, loaded from replica <num> in <num> us", "c77d10be42f9a508"
	}
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Millisecond)))
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("INFO")
	lr.Body().SetStr(body)
	a := lr.Attributes()
	a.PutStr("log.file.path", "/var/log/shop/app.log")
	a.PutInt("log.file.position", int64(i)*110)
	a.PutStr("log.pattern.id", id)
	a.PutStr("log.record.template", template)
}
