package middlewarereceiver

import (
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/jvm"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/mysql"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/nginx"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/postgresql"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/redis"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/watch"
)

// kinds are those that the configuration turns on: where they are, and how they are read.
func (c *Config) kinds() []watch.Kind {
	var kinds []watch.Kind
	if cfg := c.Nginx.Get(); cfg != nil {
		kinds = append(kinds, watch.Kind{
			Name: nginx.Kind, Servers: cfg.Servers,
			Ports: []int{80, 8080, 8081}, Programs: []string{"nginx", "openresty"},
			Open: func(endpoint string) (source.Source, error) { return nginx.New(*cfg, endpoint) },
		})
	}
	if cfg := c.Redis.Get(); cfg != nil {
		kinds = append(kinds, watch.Kind{
			Name: redis.Kind, Servers: cfg.Servers,
			Ports: []int{redis.DefaultPort, 6380}, Programs: []string{"redis-server", "valkey-server", "keydb-server"},
			Sockets: []string{"/run/redis/*.sock", "/run/valkey/*.sock"},
			Open:    func(endpoint string) (source.Source, error) { return redis.New(*cfg, endpoint) },
		})
	}
	if cfg := c.PostgreSQL.Get(); cfg != nil {
		kinds = append(kinds, watch.Kind{
			Name: postgresql.Kind, Servers: cfg.Servers,
			Ports: []int{5432, 5433}, Programs: []string{"postgres"},
			Sockets: []string{"/run/postgresql/.s.PGSQL.*[0-9]"}, SocketsFirst: true, // peer authentication needs no password
			Open: func(endpoint string) (source.Source, error) { return postgresql.New(*cfg, endpoint) },
		})
	}
	if cfg := c.MySQL.Get(); cfg != nil {
		kinds = append(kinds, watch.Kind{
			Name: mysql.Kind, Servers: cfg.Servers,
			Ports: []int{3306, 3307}, Programs: []string{"mysqld", "mariadbd"},
			Sockets: []string{"/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock"}, SocketsFirst: true, // as above
			Open: func(endpoint string) (source.Source, error) { return mysql.New(*cfg, endpoint) },
		})
	}
	if cfg := c.JVM.Get(); cfg != nil {
		kinds = append(kinds, watch.Kind{
			Name: jvm.Kind, Servers: cfg.Servers,
			// Of jmx_exporter, OpenTelemetry, jmx_exporter's manual, Kafka's images, Spring Boot.
			Ports: []int{9404, 9464, 12345, 5556, 7071, 8080, 8081}, Programs: []string{"java"}, Port: jvm.Port,
			Open: func(endpoint string) (source.Source, error) { return jvm.New(*cfg, endpoint) },
		})
	}
	return kinds
}
