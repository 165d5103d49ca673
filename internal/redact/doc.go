// Package redact finds secrets and personal data in text and takes them out: passwords,
// keys and tokens, and where it is asked to, cards, accounts, addresses and the like. It
// reads a text once, and looks closer only where a byte can be part of something: a text
// without anything costs about a nanosecond per byte and no memory.
//
// What has check digits is believed only when they are right; a value is believed to be a
// secret for the name that stands before it, or for the form that its issuer gave it.
// Hexadecimal ids, UUIDs, times, versions and numbers are nothing of that sort, and stay.
package redact
