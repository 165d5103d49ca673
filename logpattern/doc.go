// Package logpattern finds the pattern of a log line online: a line goes in, the
// pattern that it belongs to comes out, with an id that keeps its meaning.
//
// A line is read once. Its header (time, level, process, host, logger) is
// stepped over, the message is cut into words, words that look like values
// (numbers, addresses, paths, ids) become typed variables, and a hash of the
// remaining words finds the pattern. Lines whose hash is unknown are compared
// with the patterns of the same length: near twins, which differ in one place
// by something that is not a word of state, become one pattern.
//
// A value that has signs in it which end a word is found by the chunks between
// blanks. Ids are hashes of the first line's constant words, the same on every host;
// when patterns turn out to be one, the most frequent keeps its id and Match.Merged
// names those that became its aliases.
//
// Miner.Values gives the variables of the line observed last, Reader.Values the
// words of a line whose pattern is known from elsewhere, at the same positions;
// Miner.Params sums up what the values of a pattern were.
//
// The package computes only: it holds no locks, starts no goroutines, reads no
// clock and no files. A Miner belongs to one goroutine at a time; use one Miner
// per service.
package logpattern
