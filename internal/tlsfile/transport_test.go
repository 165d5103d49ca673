package tlsfile_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/tlsfile"
)

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	transport := tlsfile.New(tlsfile.Settings{CAFile: ca})
	t.Cleanup(transport.CloseIdleConnections)
	get := func() error {
		resp, err := (&http.Client{Transport: transport}).Get(s.URL)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	write := func(text []byte, second int) {
		require.NoError(t, os.WriteFile(ca, text, 0o600))
		at := time.Date(2026, 11, 21, 12, 0, second, 0, time.UTC)
		require.NoError(t, os.Chtimes(ca, at, at))
	}
	require.ErrorContains(t, get(), "read ca_file")
	write([]byte("nothing"), 1)
	require.ErrorContains(t, get(), "holds no certificate")
	write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 2)
	require.NoError(t, get())
	require.NoError(t, get())
	write([]byte("nothing"), 3)
	require.ErrorContains(t, get(), "holds no certificate")
}

func TestSettings(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	for want, settings := range map[string]tlsfile.Settings{
		"":                  {InsecureSkipVerify: true},
		"unknown authority": {},
		"read cert_file":    {CertFile: "/none", KeyFile: "/none"},
	} {
		transport := tlsfile.New(settings)
		t.Cleanup(transport.CloseIdleConnections)
		resp, err := (&http.Client{Transport: transport}).Get(s.URL)
		if want == "" {
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			continue
		}
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, tlsfile.Settings{}.Validate())
	require.ErrorContains(t, tlsfile.Settings{CertFile: "x"}.Validate(), "set together")
}
