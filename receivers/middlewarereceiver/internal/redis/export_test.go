package redis

import (
	"bufio"
	"io"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Read reads one answer.
func Read(in io.Reader) (string, error) { return readReply(bufio.NewReader(in)) }

// Append writes what an INFO tells.
func Append(text string, now time.Time, md pmetric.Metrics) { (&reader{}).append(parse(text), now, md) }
