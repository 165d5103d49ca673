package kubelet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/tidewatch/tidewatch/internal/secretfile"
	"github.com/tidewatch/tidewatch/internal/tlsfile"
)

// Client asks one kubelet. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token *secretfile.Secret
	http  *http.Client
	limit int64
}

// StatusError is an answer other than 200.
type StatusError struct {
	Code int
	// Path is what was asked for.
	Path string
}

// Error says what was answered, and what helps.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("the kubelet answers %d to %s", e.Code, e.Path)
	switch e.Code {
	case http.StatusUnauthorized:
		text += ": it does not know the token; the kubelet needs webhook authentication, and token_file the token of a service account"
	case http.StatusForbidden:
		text += ": the service account needs the resources nodes/pods and nodes/metrics (before Kubernetes 1.33: nodes/proxy) with the verb get"
	}
	return text
}

// NewClient checks the endpoint; nothing is asked or read yet.
func NewClient(cfg Config) (*Client, error) {
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	return &Client{
		base:  base,
		token: secretfile.New("", cfg.TokenFile),
		http: &http.Client{
			Transport: tlsfile.New(cfg.TLS), Timeout: cfg.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token goes nowhere else
		},
		limit: cfg.MaxBodyBytes,
	}, nil
}

// Address is host:port of the kubelet, Scheme its scheme.
func (c *Client) Address() string { return c.base.Host }

// Scheme is https, or http for a kubelet without TLS.
func (c *Client) Scheme() string { return c.base.Scheme }

// RoundTrip sends a request with the kubelet's token. The request must be for this
// kubelet: its token is nobody else's business.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != c.base.Host || req.URL.Scheme != c.base.Scheme {
		return nil, errors.New("send request: " + req.URL.Host + " is not the kubelet")
	}
	token, err := c.token.Read()
	if err != nil {
		return nil, err
	}
	if token != "" {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.http.Transport.RoundTrip(req)
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Pods lists the node's pods, calling fn for each as it arrives. The pods belong to fn.
// An error may come after some pods.
func (c *Client) Pods(ctx context.Context, fn func(*Pod)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath("pods").String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	asking := *c.http
	asking.Transport = c
	resp, err := asking.Do(req)
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again
		return &StatusError{Code: resp.StatusCode, Path: "/pods"}
	}
	body := &io.LimitedReader{R: resp.Body, N: c.limit + 1}
	if err := decodePods(body, fn); err != nil {
		if body.N <= 0 {
			return fmt.Errorf("list pods: the list is longer than max_body_bytes, %d", c.limit)
		}
		return fmt.Errorf("list pods: %w", err)
	}
	return nil
}

// decodePods reads a PodList, one pod at a time.
func decodePods(r io.Reader, fn func(*Pod)) error {
	dec := json.NewDecoder(r)
	if err := expect(dec, json.Delim('{')); err != nil {
		return err
	}
	listed := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		if key != "items" {
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return err
			}
			continue
		}
		listed = true
		start, err := dec.Token()
		if err != nil {
			return err
		}
		if start == nil { // a node without pods
			continue
		}
		if start != json.Delim('[') {
			return errors.New("its items are no list")
		}
		for dec.More() {
			var w wirePod
			var wrong *json.UnmarshalTypeError
			if err := dec.Decode(&w); errors.As(err, &wrong) {
				continue // one that is no pod hides no others
			} else if err != nil {
				return err
			}
			if p := w.pod(); p != nil {
				fn(p)
			}
		}
		if err := expect(dec, json.Delim(']')); err != nil {
			return err
		}
	}
	if err := expect(dec, json.Delim('}')); err != nil {
		return err
	}
	if !listed {
		return errors.New("the answer has no items: it is not a list of pods")
	}
	return nil
}

func expect(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("expected %s, not %v", want, got)
	}
	return nil
}
