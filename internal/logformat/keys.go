package logformat

import "strings"

const (
	// maxKnown bounds the memory for keys; a line with more has some read in full.
	maxKnown = 128
	// keyReach is how many keys a line may leave out without the rest being read in
	// full.
	keyReach = 8
	// keyPatience bounds what is spent on learning keys that do not come again.
	keyPatience = 256
)

// knownKeys remembers the keys of the JSON lines before in the order in which
// they came, at any depth: the next line most often has the same ones in the same
// order. Then a comparison is all that a key costs. What is read does not depend
// on what is known.
type knownKeys struct {
	list []knownKey
	at   int // of the key expected next
	// wait is how many lines pass before keys are learned again; backoff is how many
	// it was the last time.
	wait, backoff int
	learned       bool // from the current line
}

// knownKey is a key as it stands in the line: token has its quotes, the colon and
// the blanks around that.
type knownKey struct {
	token, key string
	role       role
	rank       uint8
}

// begin is called in front of each line.
func (k *knownKeys) begin() {
	switch {
	case k.learned:
		k.backoff = min(2*k.backoff+1, keyPatience)
		k.wait = k.backoff / 2
	case k.wait > 0:
		k.wait--
	default:
		k.backoff /= 2
	}
	k.at, k.learned = 0, false
}

// next returns the known key that s begins with, nil if there is none.
func (k *knownKeys) next(s string) *knownKey {
	for i := k.at; i < len(k.list) && i < k.at+keyReach; i++ {
		e := &k.list[i]
		if len(s) >= len(e.token) && s[:len(e.token)] == e.token {
			k.at = i + 1
			return e
		}
	}
	return nil
}

// learn remembers a key that was read in full. It keeps no part of the line.
func (k *knownKeys) learn(token, key string, ro role, rank uint8) {
	if k.wait > 0 || len(token) > 128 {
		return
	}
	if len(k.list) == maxKnown {
		k.list, k.at = k.list[:0], 0
	}
	token = strings.Clone(token)
	if token[1:1+min(len(key), len(token)-1)] == key {
		key = token[1 : 1+len(key)]
	} else {
		key = strings.Clone(key)
	}
	k.list = append(k.list, knownKey{})
	copy(k.list[k.at+1:], k.list[k.at:])
	k.list[k.at] = knownKey{token: token, key: key, role: ro, rank: rank}
	k.at++
	k.learned = true
}
