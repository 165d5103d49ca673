package address_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/address"
)

func TestPlain(t *testing.T) {
	u, err := url.Parse("https://user:word@host:9090/api/v1/push?token=word#word")
	require.NoError(t, err)
	require.Equal(t, "https://host:9090/api/v1/push", address.Plain(u))
}

func TestReason(t *testing.T) {
	failed := &url.Error{Op: "Post", URL: "https://host/?token=word", Err: io.ErrUnexpectedEOF}
	require.Equal(t, io.ErrUnexpectedEOF, address.Reason(failed))
	require.Equal(t, io.ErrUnexpectedEOF, address.Reason(fmt.Errorf("send: %w", failed)))
	other := errors.New("other")
	require.Equal(t, other, address.Reason(other))
	require.NoError(t, address.Reason(nil))
}
