package kafkareceiver

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/tidewatch/tidewatch/internal/otlpwire"
)

// deliverAll hands on what was fetched, the partitions side by side, each in its order,
// and returns when all is delivered or ctx ends. What is not delivered is read again. It
// commits meanwhile, so that a slow backend does not make a crash dear.
func (r *kafkaReceiver) deliverAll(ctx context.Context, fetches kgo.Fetches) {
	var (
		mu   sync.Mutex // guards back
		back = map[string]map[int32]kgo.EpochOffset{}
		wg   sync.WaitGroup
	)
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 {
			return
		}
		wg.Go(func() {
			var left *kgo.Record
			if r.panics.Try(func() error { left = r.deliver(ctx, p); return nil }) != nil {
				left = p.Records[0] // all of it comes again
				sleep(ctx, r.cfg.MaxRetryInterval)
			}
			if left == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if back[p.Topic] == nil {
				back[p.Topic] = map[int32]kgo.EpochOffset{}
			}
			back[p.Topic][p.Partition] = kgo.EpochOffset{Epoch: left.LeaderEpoch, Offset: left.Offset}
		})
	})
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	for ticker := time.NewTicker(r.cfg.CommitInterval); ; {
		select {
		case <-ticker.C:
			r.commit(ctx)
			continue
		case <-done:
		}
		ticker.Stop()
		break
	}
	if len(back) > 0 && r.polling.Err() == nil {
		r.client.SetOffsets(back)
	}
}

// deliver hands on the messages of one partition. It returns the first that could not be
// before ctx ended.
func (r *kafkaReceiver) deliver(ctx context.Context, p kgo.FetchTopicPartition) *kgo.Record {
	at := place{p.Topic, p.Partition}
	r.begin(at, p.Records[0].Offset, p.HighWatermark)
	var buffer []byte
	for records := p.Records; len(records) > 0; {
		n, batch := r.join(buffer, records)
		if !r.handOn(ctx, batch, records[:n]) {
			r.tel.returned(len(records))
			return records[0]
		}
		r.done(at, records[n-1])
		if n > 1 {
			buffer = batch[:0] // decoding has copied it
		}
		records = records[n:]
	}
	return nil
}

// begin notes where the partition is, and counts messages that were deleted before they
// could be read.
func (r *kafkaReceiver) begin(at place, first, end int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.owned[at]
	if p == nil { // cannot be: nothing moves meanwhile
		return
	}
	if p.next >= 0 && first > p.next {
		r.tel.drop(first-p.next, reasonExpired)
	}
	p.next, p.end = first, end
}

func (r *kafkaReceiver) done(at place, last *kgo.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.owned[at]; p != nil {
		p.next = last.Offset + 1
		r.delivered[at] = last
	}
}

// join writes messages behind each other up to max_batch_bytes; that makes one message.
func (r *kafkaReceiver) join(buffer []byte, records []*kgo.Record) (n int, batch []byte) {
	size := 0
	for n < len(records) && otlpwire.Whole(records[n].Value) {
		if size += len(records[n].Value); n > 0 && size > r.cfg.MaxBatchBytes {
			break
		}
		n++
	}
	if n <= 1 {
		return 1, records[0].Value
	}
	for _, rec := range records[:n] {
		buffer = append(buffer, rec.Value...)
	}
	return n, buffer
}

// handOn gives a batch to the pipeline until that takes it or refuses it for good. It
// is false if ctx ended before.
func (r *kafkaReceiver) handOn(ctx context.Context, batch []byte, records []*kgo.Record) bool {
	for wait := min(retryFirst, r.cfg.MaxRetryInterval); ; wait = min(2*wait, r.cfg.MaxRetryInterval) {
		if ctx.Err() != nil {
			return false
		}
		items, err := r.consume(ctx, batch)
		switch {
		case err == nil:
			return true
		case errors.Is(err, errNotOTLP) && len(records) > 1:
			return r.oneByOne(ctx, records)
		case errors.Is(err, errNotOTLP):
			r.tel.drop(1, reasonNotOTLP)
			return true
		case ctx.Err() != nil:
			return false // exporters call it permanent when they are told to stop
		case consumererror.IsPermanent(err):
			r.tel.drop(int64(items), reasonRejected)
			return true
		}
		if !sleep(ctx, wait/2+rand.N(wait)) {
			return false
		}
	}
}

// oneByOne finds the message that is none.
func (r *kafkaReceiver) oneByOne(ctx context.Context, records []*kgo.Record) bool {
	for i := range records {
		if !r.handOn(ctx, records[i].Value, records[i:i+1]) {
			return false
		}
	}
	return true
}
