// Package address says where something is, or why it was not reached, without what of the
// address may be a secret.
package address

import (
	"errors"
	"net/url"
)

// Plain returns scheme, host and path of an address: user, password, query and fragment
// are left out.
func Plain(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Reason returns why a request of an http.Client failed, without the address that its
// errors begin with. Other errors are returned as they are.
func Reason(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
