package postgresql

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// classify reads SQLSTATE, see appendix A of the manual of PostgreSQL.
func classify(err error) query.Reason {
	var said *pq.Error
	if !errors.As(err, &said) {
		var dial *net.OpError
		if errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &dial) {
			return query.Broken
		}
		return query.Failed
	}
	switch code := string(said.Code); {
	case code == "42501", strings.HasPrefix(code, "28"): // insufficient_privilege, invalid authorization
		return query.Refused
	case code == "57014", code == "55P03": // query_canceled, lock_not_available
		return query.TimedOut
	case code == "42P01", code == "42703", code == "42883", code == "42704": // undefined table, column, function, object
		return query.Unsupported
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"): // connection exceptions, shutdown
		return query.Broken
	}
	return query.Failed
}

// connectError says what to do about an error of connecting, where the server said one.
func (s *Source) connectError(err error) error {
	err = s.redact(err)
	var said *pq.Error
	if !errors.As(err, &said) {
		if errors.Is(err, pq.ErrSSLNotSupported) {
			return &source.RefusedError{Hint: "the server has no TLS; remove postgresql::tls, or set ssl = on in postgresql.conf", Err: err}
		}
		return err
	}
	role := quote(s.settings.User)
	hint := ""
	switch code := string(said.Code); {
	case code == "28P01":
		hint = "set postgresql::username and postgresql::password to those of a role with the right pg_monitor"
	case strings.HasPrefix(code, "28") && s.server.Network == "unix":
		hint = "make a role of the agent's user: CREATE ROLE " + role + " LOGIN; " + grant(s.settings.User) + " or set postgresql::username and postgresql::password"
	case strings.HasPrefix(code, "28"):
		hint = "set postgresql::username and postgresql::password, and have pg_hba.conf admit role " + role + " to database " + quote(s.settings.Database)
	case code == "3D000":
		hint = "set postgresql::database to one that exists"
	case code == "42501":
		hint = "GRANT CONNECT ON DATABASE " + quote(s.settings.Database) + " TO " + role + ";"
	case code == "53300":
		hint = "all connections of the server are in use: raise max_connections, or end sessions that are idle"
	default:
		return err
	}
	return &source.RefusedError{Hint: hint, Err: err}
}
