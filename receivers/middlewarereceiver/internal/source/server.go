package source

import (
	"errors"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Server names a server: who it is, and where.
type Server struct {
	// Kind is the key of the configuration: nginx, redis, postgresql, mysql or jvm.
	Kind string
	// Service is service.name.
	Service string
	// Network and Address are those of net.Dial: tcp and host:port, or unix and a path.
	Network, Address string
	// Host and Port are the parts of a TCP address; Host is the path of a unix socket.
	Host string
	Port int
	// Instance is service.instance.id: Address, with this host's name in place of a
	// loopback address, so that servers of several hosts differ.
	Instance string
}

// Parse reads an endpoint: host:port, host (then with defaultPort), the path of a unix
// socket, or an http or https URL. service empty means the kind.
func Parse(kind, service, endpoint string, defaultPort int) (Server, error) {
	s := Server{Kind: kind, Service: service, Network: "unix", Address: strings.TrimPrefix(endpoint, "unix://")}
	if s.Service == "" {
		s.Service = kind
	}
	if strings.HasPrefix(s.Address, "/") {
		s.Host, s.Instance = s.Address, hostname()+":"+s.Address
		return s, nil
	}
	if u, err := url.Parse(endpoint); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil {
		if defaultPort = 80; u.Scheme == "https" {
			defaultPort = 443
		}
		endpoint = u.Host
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		host, port = strings.Trim(endpoint, "[]"), strconv.Itoa(defaultPort)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@ ") {
		return Server{}, errors.New("an endpoint must be host:port, the path of a unix socket or an http(s) URL, without user and password")
	}
	s.Network, s.Address, s.Host, s.Port = "tcp", net.JoinHostPort(host, port), host, int(n)
	s.Instance = s.Address
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		s.Instance = net.JoinHostPort(hostname(), port)
	}
	return s, nil
}

// Describe puts the server's attributes into those of a resource.
func (s Server) Describe(attributes pcommon.Map) {
	attributes.PutStr("service.name", s.Service)
	attributes.PutStr("service.instance.id", s.Instance)
	attributes.PutStr("server.address", s.Host)
	if s.Port != 0 {
		attributes.PutInt("server.port", int64(s.Port))
	}
}

func hostname() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}
