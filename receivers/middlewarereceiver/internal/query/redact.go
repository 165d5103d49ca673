package query

import (
	"errors"
	"strings"
)

// Redact returns an error without the secret in its text. It is still found by type.
func Redact(err error, secret string) error {
	if err == nil || secret == "" || !strings.Contains(err.Error(), secret) {
		return err
	}
	return &redacted{strings.ReplaceAll(err.Error(), secret, "****"), err}
}

// redacted is an error in whose text the password is not; what it wraps is looked at by
// its type alone.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string        { return e.text }
func (e *redacted) As(target any) bool   { return errors.As(e.err, target) }
func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }
