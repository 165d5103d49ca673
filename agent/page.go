package agent

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tidewatch/tidewatch/internal/secretfile"
	"github.com/tidewatch/tidewatch/signals"
)

// maxAnswer bounds what is read of the agent's answer.
const maxAnswer = 16 << 20

// page is the page of a running agent, whose API commands ask.
type page struct {
	url       string
	tokenFile string
	// caFile, certFile and keyFile are of TLS, in PEM: who may sign the page's
	// certificate, and what the page is shown.
	caFile, certFile, keyFile string
}

// flags are the same for every command that asks. A secret is no flag: others see the
// command line.
func (p *page) flags(f *pflag.FlagSet) {
	env := func(to *string, name, variable, fallback, usage string) {
		f.StringVar(to, name, cmp.Or(os.Getenv(variable), fallback), usage+" ($"+variable+")")
	}
	env(&p.url, "console-url", "TIDEWATCH_CONSOLE_URL", "http://"+signals.AddrConsole, "the agent's page; of a user as https://NAME@HOST:4320 with the password in $TIDEWATCH_CONSOLE_PASSWORD")
	env(&p.tokenFile, "token-file", "TIDEWATCH_CONSOLE_TOKEN_FILE", "", "file with the page's token, or the token itself in $TIDEWATCH_CONSOLE_TOKEN")
	env(&p.caFile, "ca-file", "TIDEWATCH_CONSOLE_CA_FILE", "", "certificates that may sign the page's, besides those of the system")
	env(&p.certFile, "cert-file", "TIDEWATCH_CONSOLE_CERT_FILE", "", "certificate to show the page, where it asks for one")
	env(&p.keyFile, "key-file", "TIDEWATCH_CONSOLE_KEY_FILE", "", "key of that certificate")
}

// ask asks the API; path follows /api/v1/. What the agent refuses is an error in the
// agent's words.
func (p *page) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.url, "/")+"/api/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the page: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if err := p.introduce(req); err != nil {
		return nil, err
	}
	client, err := p.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no agent answers: %w; is it running on this host?", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the agent's answer: %w", err)
	}
	if resp.StatusCode/100 == 2 {
		return answer, nil
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, errors.New("the agent's page asks for a login: give --token-file, or $TIDEWATCH_CONSOLE_TOKEN, or a user in --console-url")
	}
	var refused struct{ Error string }
	_ = json.Unmarshal(answer, &refused) // what does not answer as an agent does has no sentence
	return nil, errors.New(cmp.Or(refused.Error, p.safeURL()+" answers "+resp.Status))
}

// introduce adds the token, or the user of the address.
func (p *page) introduce(req *http.Request) error {
	if user := req.URL.User; user != nil {
		password, given := user.Password()
		if !given {
			password = os.Getenv("TIDEWATCH_CONSOLE_PASSWORD")
		}
		req.SetBasicAuth(user.Username(), password)
		req.URL.User = nil // an error must not print it
		return nil
	}
	token, err := secretfile.New(os.Getenv("TIDEWATCH_CONSOLE_TOKEN"), p.tokenFile).Read()
	if err != nil {
		return fmt.Errorf("--token-file: %w", err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

func (p *page) client() (*http.Client, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.caFile != "" {
		text, err := os.ReadFile(p.caFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		if secure.RootCAs, err = x509.SystemCertPool(); err != nil {
			secure.RootCAs = x509.NewCertPool()
		}
		if !secure.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("--ca-file: " + p.caFile + " has no certificate")
		}
	}
	if p.certFile != "" || p.keyFile != "" {
		pair, err := tls.LoadX509KeyPair(p.certFile, p.keyFile)
		if err != nil {
			return nil, fmt.Errorf("--cert-file and --key-file: %w", err)
		}
		secure.Certificates = []tls.Certificate{pair}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = secure
	return &http.Client{
		Timeout: 10 * time.Second, Transport: transport,
		// The API leads nowhere, and a token must not follow a stranger.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// safeURL is the address without a password.
func (p *page) safeURL() string {
	u, err := url.Parse(p.url)
	if err != nil {
		return "the page"
	}
	return u.Redacted()
}
