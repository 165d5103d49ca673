// Package retryafter reads the HTTP header Retry-After (RFC 9110, 10.2.3).
package retryafter

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longest bounds what a server may ask for.
const longest = time.Hour

// Wait returns how long the server asks to wait, in seconds or until a date: at
// most an hour, and zero where it does not say.
func Wait(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	var wait time.Duration
	if seconds, err := strconv.Atoi(v); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longest/time.Second))) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longest)
}
