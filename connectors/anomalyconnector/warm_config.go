package anomalyconnector

import (
	"errors"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
)

// WarmStart says where the history of new series is, so that they need not learn from
// nothing. Without a source they do.
type WarmStart struct {
	// Prometheus is asked for what Tidewatch exported to it before, or by queries.
	Prometheus *PrometheusHistory `mapstructure:"prometheus"`
	// CSV is a folder with files metric.csv or metric{key=value,...}.csv of lines
	// time,value in the unit that is judged: per second for counters.
	CSV string `mapstructure:"csv"`
	// Window is how far back history is read.
	Window time.Duration `mapstructure:"window"`
}

// PrometheusHistory is a Prometheus or what speaks its API.
type PrometheusHistory struct {
	// Endpoint is its URL, such as http://localhost:9090.
	Endpoint string `mapstructure:"endpoint"`
	// User and Password are for basic authentication, Token for a bearer token.
	User     string              `mapstructure:"user"`
	Password configopaque.String `mapstructure:"password"`
	Token    configopaque.String `mapstructure:"token"`
	// Step is the distance of the points asked for; zero is a minute.
	Step time.Duration `mapstructure:"step"`
	// Queries give the history of a metric, by its name, as PromQL; $labels stands for
	// the attributes of the series as matchers. Other metrics are looked up among the
	// baselines that Tidewatch exported.
	Queries map[string]string `mapstructure:"queries"`
}

func (c *WarmStart) validate() error {
	switch {
	case c.Prometheus != nil && c.CSV != "":
		return errors.New("prometheus and csv must not both be set")
	case c.Window <= 0:
		return errors.New("window must be positive")
	case c.Prometheus == nil:
		return nil
	}
	if u, err := url.Parse(c.Prometheus.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("prometheus::endpoint must be a URL such as http://localhost:9090")
	}
	if c.Prometheus.Step < 0 {
		return errors.New("prometheus::step must not be negative")
	}
	return nil
}
