package nginx

import (
	"errors"
	"strconv"
	"strings"
)

// status is what the page says.
type status struct {
	active, accepted, handled, requests, reading, writing, waiting int64
}

var errNoStatus = errors.New("it is not a page of stub_status")

// parse reads the page. Tengine's, which adds a column, is one too.
func parse(page []byte) (status, error) {
	var s status
	f := strings.Fields(string(page[:min(len(page), 4<<10)]))
	// Active connections: 1 server accepts handled requests [request_time] 1 1 1 [0] Reading: 0 Writing: 1 Waiting: 0
	at := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	if at(0) != "Active" || at(1) != "connections:" || at(3) != "server" || at(6) != "requests" {
		return s, errNoStatus
	}
	first := 7
	if at(7) == "request_time" {
		first = 8
	}
	rest := first + 3
	if at(7) == "request_time" {
		rest++
	}
	if at(rest) != "Reading:" || at(rest+2) != "Writing:" || at(rest+4) != "Waiting:" {
		return s, errNoStatus
	}
	for _, v := range []struct {
		at int
		to *int64
	}{
		{2, &s.active},
		{first, &s.accepted},
		{first + 1, &s.handled},
		{first + 2, &s.requests},
		{rest + 1, &s.reading},
		{rest + 3, &s.writing},
		{rest + 5, &s.waiting},
	} {
		n, err := strconv.ParseInt(at(v.at), 10, 64)
		if err != nil || n < 0 {
			return s, errNoStatus
		}
		*v.to = n
	}
	return s, nil
}
