package hostprocessor

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
)

// What can be detected.
const (
	detectEnv       = "env"
	detectOS        = "os"
	detectDMI       = "dmi"
	detectContainer = "container"
	detectMetadata  = "metadata"
)

var detectors = []string{detectEnv, detectOS, detectDMI, detectContainer, detectMetadata}

// Config of the processor.
type Config struct {
	// Name is written as host.name; empty means the name that the kernel reports.
	Name string `mapstructure:"name"`
	// Override replaces host attributes that a resource already has. Off by
	// default: what an SDK says of itself is usually right, and a record that was
	// relayed from another host must keep that host.
	Override bool `mapstructure:"override"`
	// RootPath is where the host's root is mounted in a container; empty means /.
	RootPath string `mapstructure:"root_path"`
	// Detect lists what else is found out, once at the start: env
	// (OTEL_RESOURCE_ATTRIBUTES, K8S_NODE_NAME), os (name and version), dmi (the cloud, by what
	// the firmware says), container (the agent's own), metadata (the cloud's link-local
	// service).
	Detect []string `mapstructure:"detect"`
	// MetadataEndpoint is the cloud's link-local service; MetadataTimeout is how long it
	// is asked in all. Nothing waits for it.
	MetadataEndpoint string        `mapstructure:"metadata_endpoint"`
	MetadataTimeout  time.Duration `mapstructure:"metadata_timeout"`
}

func createDefaultConfig() component.Config {
	return &Config{
		Detect:           []string{detectEnv}, // what somebody has set on purpose; the rest costs bytes in every document
		MetadataEndpoint: "http://169.254.169.254",
		MetadataTimeout:  200 * time.Millisecond, // it answers in a few, or not at all
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Name) > 253 {
		errs = append(errs, errors.New("name must be at most 253 characters long, the limit of a DNS name"))
	}
	for _, d := range c.Detect {
		if !slices.Contains(detectors, d) {
			errs = append(errs, fmt.Errorf("detect: %q must be one of %v", d, detectors))
		}
	}
	if slices.Contains(c.Detect, detectMetadata) {
		if u, err := url.Parse(c.MetadataEndpoint); err != nil || u.Host == "" {
			errs = append(errs, errors.New("metadata_endpoint must be a URL such as http://169.254.169.254"))
		}
		if c.MetadataTimeout <= 0 {
			errs = append(errs, errors.New("metadata_timeout must be positive"))
		}
	}
	return errors.Join(errs...)
}
