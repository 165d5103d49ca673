package kubelet

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/tlsfile"
)

const (
	defaultPort = "10250"
	// serviceAccount is where a cluster puts the credentials of a pod.
	serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"
)

// Config says where the kubelet is and how it is asked.
type Config struct {
	// Endpoint is the kubelet's URL, or the node's address alone: then it is
	// https://address:10250.
	Endpoint string `mapstructure:"endpoint"`
	// NodeName is the node's name; empty means what the pods say.
	NodeName string `mapstructure:"node_name"`
	// TokenFile holds the token to present, and is read again when it changes. Empty
	// means none.
	TokenFile string `mapstructure:"token_file"`
	// TLS is how the kubelet's certificate is checked; its files are read again when
	// they change.
	TLS tlsfile.Settings `mapstructure:"tls"`
	// Timeout is how long one answer may take.
	Timeout time.Duration `mapstructure:"timeout"`
	// RefreshInterval is how often the pods are listed when nothing asks for it.
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	// MinRefreshInterval is the least time between two lists that unknown pods ask
	// for. It doubles, up to RefreshInterval, while the lists bring nothing new.
	MinRefreshInterval time.Duration `mapstructure:"min_refresh_interval"`
	// KeepGone is how long a pod is remembered that the kubelet lists no more: its last
	// lines are read after its end.
	KeepGone time.Duration `mapstructure:"keep_gone"`
	// MaxPods is how many pods are remembered, those that are gone included.
	MaxPods int `mapstructure:"max_pods"`
	// MaxBodyBytes is how long a list may be.
	MaxBodyBytes int64 `mapstructure:"max_body_bytes"`
}

// DefaultConfig is what fits a pod in a cluster.
func DefaultConfig() Config {
	return Config{
		Endpoint:           "127.0.0.1", // right for a pod in the node's own network
		TokenFile:          serviceAccount + "token",
		TLS:                tlsfile.Settings{CAFile: serviceAccount + "ca.crt"},
		Timeout:            10 * time.Second,
		RefreshInterval:    30 * time.Second, // 110 pods are a megabyte: 15 ms of CPU time
		MinRefreshInterval: time.Second,
		KeepGone:           10 * time.Minute,
		MaxPods:            5000,     // ten times what the largest nodes run
		MaxBodyBytes:       64 << 20, // 500 pods with 128 KB each; a usual pod has 10
	}
}

// Check names the key and the fix. It is not called Validate, since a component that
// embeds it or needs it only at times says itself what is wrong.
func (c Config) Check() error {
	var errs []error
	if _, err := c.base(); err != nil {
		errs = append(errs, err)
	}
	if c.Timeout <= 0 {
		errs = append(errs, errors.New("timeout must be positive"))
	}
	if c.MinRefreshInterval <= 0 {
		errs = append(errs, errors.New("min_refresh_interval must be positive"))
	}
	if c.RefreshInterval < c.MinRefreshInterval {
		errs = append(errs, errors.New("refresh_interval must be at least min_refresh_interval"))
	}
	if c.KeepGone < 0 {
		errs = append(errs, errors.New("keep_gone must not be negative"))
	}
	if c.MaxPods <= 0 {
		errs = append(errs, errors.New("max_pods must be positive"))
	}
	if c.MaxBodyBytes <= 0 {
		errs = append(errs, errors.New("max_body_bytes must be positive"))
	}
	return errors.Join(errs...)
}

// base is the kubelet's URL without a path.
func (c Config) base() (*url.URL, error) {
	text := c.Endpoint
	if !strings.Contains(text, "://") {
		if net.ParseIP(text) != nil || !strings.Contains(text, ":") {
			text = net.JoinHostPort(text, defaultPort)
		}
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("endpoint: %q must be the node's address or an https:// URL; is NODE_IP set from status.hostIP?", c.Endpoint)
	}
	if u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("endpoint must have no user, path or query")
	}
	u.Path = ""
	return u, nil
}
