package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// classify reads error numbers, see the references of MySQL and MariaDB.
func classify(err error) query.Reason {
	var said *mysql.MySQLError
	if !errors.As(err, &said) {
		var dial *net.OpError
		if errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.EOF) ||
			errors.Is(err, context.DeadlineExceeded) || errors.As(err, &dial) {
			return query.Broken
		}
		return query.Failed
	}
	switch said.Number {
	case 1044, 1045, 1142, 1143, 1227: // access denied to a database, to all, to a table, to a column, for want of a privilege
		return query.Refused
	case 3024, 1969, 1205, 1317: // too long (MySQL, MariaDB), lock wait, interrupted
		return query.TimedOut
	case 1054, 1064, 1109, 1146, 1193, 1235: // unknown column, syntax, table, variable; not supported
		return query.Unsupported
	case 1053, 1927, 4031: // shutdown, killed, idle for too long
		return query.Broken
	}
	return query.Failed
}

// connectError says what to do about an error of connecting, where the server said one.
func (s *Source) connectError(err error) error {
	err = s.redact(err)
	var said *mysql.MySQLError
	if !errors.As(err, &said) {
		if errors.Is(err, mysql.ErrNoTLS) {
			return &source.RefusedError{Hint: "the server has no TLS; remove mysql::tls, or give the server a certificate", Err: err}
		}
		return err
	}
	account := literal(s.user) + "@'localhost'"
	hint := ""
	switch said.Number {
	case 1044, 1045, 1698: // wrong password, or a plugin that wants another user
		hint = "set mysql::username and mysql::password to those of an account with the right PROCESS"
		if s.server.Network == "unix" && s.cfg.Password == "" {
			hint = "make an account of the agent's user (MariaDB: CREATE USER " + account + " IDENTIFIED VIA unix_socket; MySQL: CREATE USER " + account +
				" IDENTIFIED WITH auth_socket;) or set mysql::username and mysql::password"
		}
	case 1130: // host is not allowed
		hint = "make an account for the agent's host, or let it connect to 127.0.0.1"
	case 1129: // host is blocked
		hint = "too many connections of this host failed; find what fails, then run FLUSH HOSTS;"
	case 1040, 1203, 1226: // too many connections; of the account
		hint = "all connections of the server are in use: raise max_connections, or end sessions that sleep"
	case 1820, 1862: // the password must be changed
		hint = "the password of the account has expired; set a new one"
	default:
		return err
	}
	return &source.RefusedError{Hint: hint, Err: err}
}
