package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// stream is one application that writes a log.
type stream struct {
	name   string
	rotate rotation
	line   func(b []byte, n int, at time.Time, g *shapes) []byte
}

// rotation is what logrotate does with a file.
type rotation int

const (
	renamed       rotation = iota // moved away, and a new file begun
	compressed                    // moved away, and compressed a generation later
	copyTruncated                 // copied, and emptied in place
)

// streams are the applications. The letter in a mark is the place in here.
var streams = []stream{
	{"orders", renamed, plainLine},
	{"api", compressed, jsonLine},
	{"worker", copyTruncated, workerLine},
	{"auth", compressed, syslogLine},
}

// shapes makes what applications say: a few dozen messages to begin with, a new one now
// and then, and another version after a deploy. It follows from the seed and from how
// many lines there were.
type shapes struct {
	rng      *rand.Rand
	known    []string
	newEvery int // lines until another message appears
	lines    int
	deploys  int
}

var (
	verbs  = []string{"processed", "rejected", "queued", "expired", "validated", "forwarded", "archived", "locked", "replayed", "merged"}
	nouns  = []string{"order", "invoice", "session", "basket", "shipment", "payment", "voucher", "refund", "profile", "parcel", "ticket", "quota"}
	places = []string{"warehouse", "checkout", "gateway", "ledger", "cache", "scheduler", "mailer", "index", "replica", "broker"}
	levels = []string{"INFO", "INFO", "INFO", "INFO", "DEBUG", "INFO", "WARN", "INFO", "INFO", "ERROR"}
)

func newShapes(seed uint64, stream, newEvery int) *shapes {
	g := &shapes{rng: rand.New(rand.NewPCG(seed, uint64(100+stream))), newEvery: newEvery}
	for range 24 {
		g.invent()
	}
	return g
}

func (g *shapes) invent() {
	g.known = append(g.known, fmt.Sprintf("%s %s in %s", verbs[g.rng.IntN(len(verbs))], nouns[g.rng.IntN(len(nouns))], places[g.rng.IntN(len(places))]))
}

// levelOf is the level of line n of every stream.
func levelOf(n int) string { return levels[n%len(levels)] }

// isDebug reports whether a line may be left out by an agent that is short of resources,
// which the ledger then says.
func isDebug(n int) bool { return levelOf(n) == "DEBUG" }

// next returns the message of the next line.
func (g *shapes) next() string {
	if g.lines++; g.lines%g.newEvery == 0 {
		g.invent()
		if len(g.known)%4 == 0 {
			g.deploys++
		}
	}
	return g.known[g.rng.IntN(len(g.known))]
}

// say appends what every line has: message, mark and some numbers.
func (g *shapes) say(b []byte, message string, stream, n int) []byte {
	b = append(b, message...)
	b = append(b, ' ')
	b = appendMark(b, stream, n)
	b = append(b, " for customer "...)
	b = strconv.AppendInt(b, int64(n*31%9973), 10)
	b = append(b, " in "...)
	b = strconv.AppendInt(b, int64(n*17%4999), 10)
	return append(b, " ms"...)
}

const stamp = "2006-01-02T15:04:05.000000Z"

func plainLine(b []byte, n int, at time.Time, g *shapes) []byte {
	message, level := g.next(), levelOf(n)
	b = at.AppendFormat(b, stamp)
	b = append(append(append(b, ' '), level...), " [http-"...)
	b = strconv.AppendInt(b, int64(n%8), 10)
	b = append(b, "] com.acme.orders.OrderService - "...)
	return append(g.say(b, message, 0, n), '\n')
}

func jsonLine(b []byte, n int, at time.Time, g *shapes) []byte {
	message, level := g.next(), levelOf(n)
	b = append(b, `{"time":"`...)
	b = at.AppendFormat(b, stamp)
	b = append(append(append(b, `","level":"`...), level...), `","version":"1.`...)
	b = strconv.AppendInt(b, int64(g.deploys), 10)
	b = append(g.say(append(b, `.0","msg":"`...), message, 1, n), `","http":{"method":"GET","status":`...)
	b = strconv.AppendInt(b, int64(200+100*(n%4)), 10)
	return append(b, "}}\n"...)
}

// workerLine ends in a stack trace for errors, which is one record.
func workerLine(b []byte, n int, at time.Time, g *shapes) []byte {
	message, level := g.next(), levelOf(n)
	b = at.AppendFormat(b, stamp)
	b = append(append(append(b, ' '), level...), " worker "...)
	b = append(g.say(b, message, 2, n), '\n')
	if level == "ERROR" {
		b = append(b, "java.lang.IllegalStateException: no connection left\n"+
			"\tat com.acme.worker.Pool.take(Pool.java:118)\n"+
			"\tat com.acme.worker.Job.run(Job.java:54)\n"+
			"\tat java.base/java.lang.Thread.run(Thread.java:1583)\n"...)
	}
	return b
}

func syslogLine(b []byte, n int, at time.Time, g *shapes) []byte {
	message := g.next()
	b = at.AppendFormat(b, "2006-01-02T15:04:05.000000+00:00")
	b = append(b, " web-1 sshd["...)
	b = strconv.AppendInt(b, int64(1000+n%5), 10)
	return append(g.say(append(b, "]: "...), message, 3, n), '\n')
}
