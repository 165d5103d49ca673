package agent

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Commands that ask the page log in, and trust whom they are told to.
func TestCommandsLogIn(t *testing.T) {
	const token = "correct-horse-battery-staple"
	console := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/away/api/v1/services":
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		case r.Header.Get("Authorization") == "Bearer "+token, user+":"+password == "alice:wonderland":
			_, _ = w.Write([]byte(`{"services":[]}`))
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"log in first"}`))
		}
	}))
	defer console.Close()
	dir := t.TempDir()
	ca, file := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: console.Certificate().Raw}), 0o600))
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))

	_, err := execute(t, "services", "--console-url", console.URL, "--token-file", file)
	require.ErrorContains(t, err, "certificate", "nobody said whom to trust")
	_, err = execute(t, "services", "--console-url", console.URL, "--ca-file", ca)
	require.ErrorContains(t, err, "asks for a login: give --token-file")
	_, err = execute(t, "services", "--console-url", console.URL, "--ca-file", ca, "--token-file", file)
	require.NoError(t, err)
	_, err = execute(t, "services", "--console-url", console.URL+"/away", "--ca-file", ca, "--token-file", file)
	require.ErrorContains(t, err, "302", "the token follows nobody")

	t.Setenv("TIDEWATCH_CONSOLE_URL", console.URL)
	t.Setenv("TIDEWATCH_CONSOLE_CA_FILE", ca)
	t.Setenv("TIDEWATCH_CONSOLE_TOKEN", token)
	for _, command := range [][]string{{"services"}, {"incidents"}, {"incidents", "show", "x", "--json"}, {"explain", "ab", "--json"}} {
		_, err = execute(t, command...)
		require.NoError(t, err, command)
	}
	t.Setenv("TIDEWATCH_CONSOLE_TOKEN", "")
	t.Setenv("TIDEWATCH_CONSOLE_PASSWORD", "wonderland")
	_, err = execute(t, "services", "--console-url", strings.Replace(console.URL, "https://", "https://alice@", 1))
	require.NoError(t, err)
	_, err = execute(t, "services", "--token-file", filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "--token-file: look at secret")
	_, err = execute(t, "services", "--ca-file", file)
	require.ErrorContains(t, err, "has no certificate")
	_, err = execute(t, "services", "--cert-file", ca)
	require.ErrorContains(t, err, "--cert-file and --key-file")
}
