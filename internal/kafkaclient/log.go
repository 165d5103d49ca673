package kafkaclient

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// log passes on what the library says. It warns of every connection that ends, which
// is no news of a broker that is away: that is for debugging. Its errors are ours to
// warn of, since it tries again by itself.
type log struct{ to *zap.Logger }

func (l log) Level() kgo.LogLevel {
	if l.to.Core().Enabled(zapcore.DebugLevel) {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelError
}

func (l log) Log(level kgo.LogLevel, msg string, pairs ...any) {
	fields := make([]zap.Field, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		fields = append(fields, zap.Any(fmt.Sprint(pairs[i]), pairs[i+1]))
	}
	if level == kgo.LogLevelError {
		l.to.Warn("Kafka client: "+msg, fields...)
		return
	}
	l.to.Debug("Kafka client: "+msg, fields...)
}
