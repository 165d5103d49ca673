package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

// trouble is what a sink does instead of a proper answer.
type trouble string

const (
	fine      trouble = ""
	down      trouble = "down"               // nobody listens
	slow      trouble = "slow"               // answers late
	busy      trouble = "429"                // takes nothing, and says when to come again
	failing   trouble = "500"                // takes nothing
	forgetful trouble = "503 after taking"   // takes all, and says that it did not
	resetting trouble = "reset after taking" // takes all, and ends the connection without a word
	partly    trouble = "partly"             // takes a part, and says which
)

// troubles are those that a schedule is made of.
var troubles = []trouble{down, slow, busy, failing, forgetful, resetting, partly}

// episode is a time of the load in which a sink is in trouble.
type episode struct {
	From, To time.Duration
	What     trouble
}

// forecast makes the schedule of one sink: it follows from the seed. Every trouble comes
// once before one comes again, and all is well in the warm-up and after the load.
func forecast(p *plan, seed uint64, sink int) []episode {
	rng := rand.New(rand.NewPCG(seed, uint64(sink)))
	upTo := func(seconds int) time.Duration {
		longest := time.Duration(seconds) * time.Second
		return longest/3 + time.Duration(rng.Int64N(int64(longest*2/3)))
	}
	var out []episode
	var deck []trouble
	for at := time.Duration(p.Warm) * time.Second; ; {
		if len(deck) == 0 {
			deck = slices.Clone(troubles)
			rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		at += upTo(p.Calm)
		e := episode{From: at, To: at + upTo(p.Trouble), What: deck[0]}
		if at, deck = e.To, deck[1:]; e.To > time.Duration(p.Seconds)*time.Second {
			return out
		}
		out = append(out, e)
	}
}

// weather tells what a sink does now.
type weather struct {
	episodes []episode
	clock    *clock
}

func (w *weather) now() trouble {
	if w.clock.ended() {
		return fine
	}
	at := w.clock.now()
	for _, e := range w.episodes {
		if e.From <= at && at < e.To {
			return e.What
		}
	}
	return fine
}
