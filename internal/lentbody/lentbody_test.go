package lentbody_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/lentbody"
)

// early is a transport that answers before it has read the body.
type early struct{ body io.ReadCloser }

func (e *early) RoundTrip(r *http.Request) (*http.Response, error) {
	e.body = r.Body
	return nil, errors.New("timed out")
}

func TestGuardWaitsForTheTransportToCloseTheBody(t *testing.T) {
	var g lentbody.Guard
	require.True(t, g.Free())
	next := &early{}
	req, err := http.NewRequestWithContext(lentbody.With(t.Context(), &g), http.MethodPost, "http://localhost", strings.NewReader("x"))
	require.NoError(t, err)
	_, err = lentbody.Transport{Next: next}.RoundTrip(req)
	require.Error(t, err)
	require.False(t, g.Free())
	require.NoError(t, next.body.Close())
	require.NoError(t, next.body.Close())
	require.True(t, g.Free())
}
