package scrapereceiver

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/relabel"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/internal/tlsfile"
)

// Config of the receiver. Keys that Prometheus has too mean what they mean there.
type Config struct {
	// ScrapeInterval and ScrapeTimeout are those of jobs that state none.
	ScrapeInterval time.Duration `mapstructure:"scrape_interval"`
	ScrapeTimeout  time.Duration `mapstructure:"scrape_timeout"`
	// DiscoveryInterval is how often files and pods are looked at for targets.
	DiscoveryInterval time.Duration `mapstructure:"discovery_interval"`
	// Concurrency is how many targets are scraped at once.
	Concurrency int `mapstructure:"concurrency"`
	// MaxTargets is how many targets there may be; further ones are refused and counted.
	MaxTargets int `mapstructure:"max_targets"`
	// Jobs are what is scraped.
	Jobs []JobConfig `mapstructure:"scrape_configs"`
	// Kubelet is the node's own; it is asked only if a job needs it.
	Kubelet kubelet.Config `mapstructure:"kubelet"`
}

// JobConfig is one entry of scrape_configs.
type JobConfig struct {
	// Name becomes the label job, and the service's name, unless a target says otherwise.
	Name string `mapstructure:"job_name"`
	// Interval and Timeout; zero means the receiver's. A timeout is never longer than
	// the interval.
	Interval time.Duration `mapstructure:"scrape_interval"`
	Timeout  time.Duration `mapstructure:"scrape_timeout"`
	// Path of the page; empty means /metrics. Scheme is http or https; empty means http.
	Path   string              `mapstructure:"metrics_path"`
	Scheme string              `mapstructure:"scheme"`
	Params map[string][]string `mapstructure:"params"`

	// Static lists targets.
	Static []Group `mapstructure:"static_configs"`
	// Files lists files with targets, in JSON or YAML, by pattern; they are read again
	// when they change.
	Files []FileConfig `mapstructure:"file_sd_configs"`
	// PodAnnotations scrapes the pods of this node that have the annotation
	// prometheus.io/scrape: "true", at prometheus.io/port, /path and /scheme.
	PodAnnotations bool `mapstructure:"pod_annotations"`
	// KubeletPaths are pages of the node's kubelet. /pods is not a page of the kubelet's:
	// it is made of its list of pods.
	KubeletPaths []string `mapstructure:"kubelet_paths"`

	// HonorLabels lets labels of the page win over those of the target, HonorTimestamps
	// its times over that of the scrape. Absent means false and true.
	HonorLabels     bool  `mapstructure:"honor_labels"`
	HonorTimestamps *bool `mapstructure:"honor_timestamps"`
	// Relabel changes targets, MetricRelabel samples. In a configuration file a $ of a
	// replacement is written $$.
	Relabel       []RelabelConfig `mapstructure:"relabel_configs"`
	MetricRelabel []RelabelConfig `mapstructure:"metric_relabel_configs"`

	// NativeHistograms asks for protobuf, which alone has native histograms. Absent
	// means true.
	NativeHistograms *bool `mapstructure:"scrape_native_histograms"`
	// SampleLimit, BodyLimit (bytes, after decompression) and the limits of labels fail a
	// scrape that exceeds them. Zero means the default, which is the receiver's.
	SampleLimit           int   `mapstructure:"sample_limit"`
	BodyLimit             int64 `mapstructure:"body_size_limit"`
	LabelLimit            int   `mapstructure:"label_limit"`
	LabelNameLengthLimit  int   `mapstructure:"label_name_length_limit"`
	LabelValueLengthLimit int   `mapstructure:"label_value_length_limit"`

	TLS           tlsfile.Settings    `mapstructure:"tls_config"`
	BasicAuth     BasicAuthConfig     `mapstructure:"basic_auth"`
	Authorization AuthorizationConfig `mapstructure:"authorization"`
}

// Group is a list of targets with labels.
type Group struct {
	// Targets are host:port.
	Targets []string          `mapstructure:"targets" json:"targets" yaml:"targets"`
	Labels  map[string]string `mapstructure:"labels" json:"labels" yaml:"labels"`
}

// FileConfig names files with targets.
type FileConfig struct {
	// Files are patterns of *.json, *.yaml and *.yml files.
	Files []string `mapstructure:"files"`
}

// BasicAuthConfig is used when Username is set.
type BasicAuthConfig struct {
	Username     string              `mapstructure:"username"`
	Password     configopaque.String `mapstructure:"password"`
	PasswordFile string              `mapstructure:"password_file"`
}

// AuthorizationConfig is used when there are credentials. Files are read again when they
// change.
type AuthorizationConfig struct {
	// Type is Bearer where it is empty.
	Type            string              `mapstructure:"type"`
	Credentials     configopaque.String `mapstructure:"credentials"`
	CredentialsFile string              `mapstructure:"credentials_file"`
}

// Limits of jobs that state none.
const (
	defaultSampleLimit      = 100_000  // a large kubelet's cadvisor has 50,000
	defaultBodyLimit        = 64 << 20 // bytes; 100,000 samples of 400 bytes are 40 MB
	defaultLabelLimit       = 64
	defaultLabelNameLength  = 256
	defaultLabelValueLength = 4096 // what the exporters cut at
)

func createDefaultConfig() component.Config {
	return &Config{
		ScrapeInterval:    30 * time.Second, // what kubelets refresh their pages in
		ScrapeTimeout:     10 * time.Second,
		DiscoveryInterval: 5 * time.Second,
		Concurrency:       16, // hosts that do not answer hold one each for the timeout
		MaxTargets:        1000,
		Kubelet:           kubelet.DefaultConfig(),
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	for key, d := range map[string]time.Duration{"scrape_interval": c.ScrapeInterval, "scrape_timeout": c.ScrapeTimeout, "discovery_interval": c.DiscoveryInterval} {
		if d <= 0 {
			errs = append(errs, errors.New(key+" must be positive"))
		}
	}
	if c.Concurrency <= 0 {
		errs = append(errs, errors.New("concurrency must be positive"))
	}
	if c.MaxTargets <= 0 {
		errs = append(errs, errors.New("max_targets must be positive"))
	}
	if len(c.Jobs) == 0 {
		errs = append(errs, errors.New("scrape_configs must list at least one job"))
	}
	if c.needsKubelet() {
		if err := c.Kubelet.Check(); err != nil {
			errs = append(errs, fmt.Errorf("kubelet: %w", err))
		}
	}
	names := map[string]bool{}
	for i := range c.Jobs {
		j := &c.Jobs[i]
		if names[j.Name] {
			errs = append(errs, fmt.Errorf("scrape_configs: job_name %q must be there once", j.Name))
		}
		names[j.Name] = true
		if err := j.validate(); err != nil {
			errs = append(errs, fmt.Errorf("scrape_configs: job %q: %w", j.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (j *JobConfig) validate() error {
	var errs []error
	add := func(bad bool, text string) {
		if bad {
			errs = append(errs, errors.New(text))
		}
	}
	add(j.Name == "", "job_name must not be empty")
	add(j.Interval < 0, "scrape_interval must not be negative")
	add(j.Timeout < 0, "scrape_timeout must not be negative")
	add(j.Scheme != "" && j.Scheme != "http" && j.Scheme != "https", "scheme must be http or https")
	add(j.Path != "" && !strings.HasPrefix(j.Path, "/"), "metrics_path must begin with /")
	add(len(j.Static)+len(j.Files)+len(j.KubeletPaths) == 0 && !j.PodAnnotations,
		"it has no targets: add static_configs, file_sd_configs, pod_annotations or kubelet_paths")
	add(j.SampleLimit < 0 || j.BodyLimit < 0 || j.LabelLimit < 0 || j.LabelNameLengthLimit < 0 || j.LabelValueLengthLimit < 0, "limits must not be negative; 0 is the default")
	add(j.BasicAuth.Password != "" && j.BasicAuth.PasswordFile != "", "basic_auth: set password or password_file, not both")
	add(j.BasicAuth.Username == "" && (j.BasicAuth.Password != "" || j.BasicAuth.PasswordFile != ""), "basic_auth: username must be set")
	add(j.Authorization.Credentials != "" && j.Authorization.CredentialsFile != "", "authorization: set credentials or credentials_file, not both")
	add(j.Authorization.set() && j.BasicAuth.Username != "", "set basic_auth or authorization, not both")
	for _, path := range j.KubeletPaths {
		add(!strings.HasPrefix(path, "/"), "kubelet_paths must begin with /")
	}
	for _, f := range j.Files {
		for _, pattern := range f.Files {
			_, err := filepath.Match(pattern, "")
			ext := filepath.Ext(pattern)
			add(err != nil || ext != ".json" && ext != ".yaml" && ext != ".yml", fmt.Sprintf("file_sd_configs: %q must be a pattern of .json, .yaml or .yml files", pattern))
		}
	}
	for _, g := range j.Static {
		for _, t := range g.Targets {
			_, err := url.Parse("http://" + t)
			add(err != nil || strings.Contains(t, "/"), fmt.Sprintf("static_configs: target %q must be host:port, without scheme and path", t))
		}
	}
	errs = append(errs, j.TLS.Validate())
	if _, err := relabeling(j.Relabel); err != nil {
		errs = append(errs, fmt.Errorf("relabel_configs: %w", err))
	}
	if _, err := relabeling(j.MetricRelabel); err != nil {
		errs = append(errs, fmt.Errorf("metric_relabel_configs: %w", err))
	}
	return errors.Join(errs...)
}

func (a AuthorizationConfig) set() bool { return a.Credentials != "" || a.CredentialsFile != "" }

// needsKubelet reports whether the node's kubelet is to be asked.
func (c *Config) needsKubelet() bool {
	for _, j := range c.Jobs {
		if j.PodAnnotations || len(j.KubeletPaths) > 0 {
			return true
		}
	}
	return false
}

// RelabelConfig is a step of relabelling, with the defaults that Prometheus has.
type RelabelConfig struct {
	SourceLabels []string `mapstructure:"source_labels"`
	// Separator is ; where it is absent.
	Separator   *string `mapstructure:"separator"`
	TargetLabel string  `mapstructure:"target_label"`
	// Regex is anchored at both ends, and (.*) where it is absent.
	Regex   *string `mapstructure:"regex"`
	Modulus uint64  `mapstructure:"modulus"`
	// Replacement is $1 where it is absent.
	Replacement *string `mapstructure:"replacement"`
	// Action is replace where it is empty.
	Action string `mapstructure:"action"`
}

// relabeling compiles the steps.
func relabeling(steps []RelabelConfig) ([]*relabel.Config, error) {
	compiled := make([]*relabel.Config, 0, len(steps))
	for i, s := range steps {
		c, err := s.compile()
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
		compiled = append(compiled, c)
	}
	return compiled, nil
}
