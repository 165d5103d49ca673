package elasticsearchexporter

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

const deadLetterDataset = "tidewatch.deadletter"

// deadLetters keeps refused documents with the reason, in a data stream of
// their own that anything can be written to.
type deadLetters struct {
	bulk   *bulk
	route  route
	warned sync.Once
}

// bury counts what the server refused and, where wanted, keeps it as dead
// letters. A document whose dead letter can't be stored just now is left to be
// sent again: it will be refused again and come here again.
func (b *bulk) bury(ctx context.Context, s *sending) {
	if len(s.refused) == 0 {
		return
	}
	lost := map[int]error{}
	if b.deadLetters != nil {
		lost = b.deadLetters.store(ctx, s.body, s.refused)
	}
	again := false
	for _, r := range s.refused {
		if err := lost[r.number]; err != nil {
			s.left = append(s.left, r.number)
			s.err = cmp.Or(s.err, err)
			again = true
			continue
		}
		if b.letterFile != nil {
			b.letterFile.add(s.body, r)
		}
		b.counter.Drop(ctx, cmp.Or(r.reason, "unknown"), s.body.weight(r.number, r.number+1), r.detail)
	}
	if again {
		slices.Sort(s.left)
	}
}

// store sends one dead letter for each refusal and returns those, by the number
// of the document, that could not be sent now.
func (d *deadLetters) store(ctx context.Context, from *body, refused []refusal) map[int]error {
	letters := newBody(encoding{})
	defer letters.release()
	letters.resource, letters.scope = letters.resource[:0], letters.scope[:0]
	letters.setRoute("logs", d.route, true)
	at := pcommon.NewTimestampFromTime(time.Now())
	for _, r := range refused {
		letters.appendLetter(from, r, at)
	}
	left, err := d.send(ctx, letters)
	lost := make(map[int]error, len(left))
	for _, i := range left {
		lost[refused[i].number] = err
	}
	return lost
}

// send delivers letters. The server's refusals of letters have no letters: the
// documents are counted all the same, and kept in the file where there is one.
func (d *deadLetters) send(ctx context.Context, letters *body) ([]int, error) {
	s := &sending{body: letters}
	d.bulk.sendAll(ctx, s)
	if len(s.refused) > 0 {
		d.warned.Do(func() {
			d.bulk.logger.Warn("The server refuses dead letters, too. Documents that it refuses are only counted, and kept in dead_letter_file where one is set. This is said once.",
				zap.String("reason", s.refused[0].detail))
		})
	}
	return s.left, s.err
}

func (b *body) appendLetter(from *body, r refusal, at pcommon.Timestamp) {
	it := from.items[r.number]
	doc := from.buf[it.doc : it.end-1]
	letter := b.open(at)
	b.buf = appendField(b.buf, "log.level", "error")
	b.buf = appendField(b.buf, "message", r.detail)
	b.buf = appendField(b.buf, "error.type", r.reason)
	b.buf = appendField(b.buf, "error.message", r.detail)
	index, id, withID := bytes.Cut(bytes.Trim(from.actionOf(r.number), "{}"), []byte(`,"_id":`))
	b.buf = append(append(b.buf, `,"attributes":{"elasticsearch.index":`...), index[len(`"_index":`):]...)
	if withID {
		b.buf = append(append(b.buf, `,"elasticsearch.id":`...), id...)
	}
	b.buf = append(b.buf, `},"event.original":`...)
	b.buf = pdatajson.AppendString(b.buf, string(doc[:min(len(doc), maxLetter)]))
	b.close(letter, at, true, nil)
}

// actionOf is what an item's action line says: index and id.
func (b *body) actionOf(number int) []byte {
	it := b.items[number]
	line := b.buf[it.start : it.doc-1]
	return line[len(`{"create":`) : len(line)-1]
}

// maxLetter bounds what is kept of one document: what was refused for its size
// must fit.
const maxLetter = 256 << 10
