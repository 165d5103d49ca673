package kafkareceiver

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

// The group calls these between AllowRebalance and the next poll that has an answer, but
// hurry, which it calls when it would like to.

// assigned notes where reading of new partitions begins.
func (r *kafkaReceiver) assigned(_ context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic, partitions := range offsets {
		for partition, offset := range partitions {
			// Relative to the beginning or the end it is below 0.
			r.owned[place{topic, partition}] = &position{next: offset.EpochOffset().Offset, end: -1}
		}
	}
	r.set.Logger.Info("Partitions were assigned.", zap.String("topic", r.topic), zap.Int("now", len(r.owned)))
	return offsets, nil
}

// revoked commits before the next owner begins, so that it does not begin too early.
func (r *kafkaReceiver) revoked(ctx context.Context, _ *kgo.Client, gone map[string][]int32) {
	r.commit(ctx)
	r.lost(ctx, nil, gone)
}

// lost forgets partitions that others may have begun to read.
func (r *kafkaReceiver) lost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for topic, partitions := range gone {
		for _, partition := range partitions {
			p := place{topic, partition}
			delete(r.owned, p)
			delete(r.delivered, p)
			n++
		}
	}
	if n > 0 {
		r.tel.moved(n)
		r.set.Logger.Info("Partitions are no longer read here.", zap.String("topic", r.topic), zap.Int("gone", n), zap.Int("left", len(r.owned)))
	}
}

// arm makes giveUp what ends the delivery that comes next.
func (r *kafkaReceiver) arm(giveUp context.CancelFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.giveUp = giveUp
}

// hurry gives the delivery under way a last time: the group waits to move partitions.
func (r *kafkaReceiver) hurry(context.Context, *kgo.Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.giveUp != nil && r.overdue == nil {
		r.overdue = time.AfterFunc(r.cfg.HandoverTimeout, r.giveUp)
	}
}

func (r *kafkaReceiver) disarm() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.giveUp = nil
	if r.overdue != nil {
		r.overdue.Stop()
		r.overdue = nil
	}
}
