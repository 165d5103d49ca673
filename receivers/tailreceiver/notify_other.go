//go:build !linux

package tailreceiver

import "errors"

var (
	errManyFolders = errors.New("too many folders")
	errNoEvents    = errors.New("the system has no news of folders")
)

// notifier is missing: all files are polled.
type notifier struct{}

func newNotifier(*events) (*notifier, error) { return nil, errNoEvents }

func (*notifier) add(string) error { return errNoEvents }

func (*notifier) close() {}

func isLimit(error) bool { return false }
