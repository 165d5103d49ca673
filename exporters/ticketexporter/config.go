package ticketexporter

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tidewatch/tidewatch/signals"
)

// Config of the exporter.
type Config struct {
	// ClientConfig holds endpoint (the system's base URL), tls, headers, auth, proxy_url
	// and timeout of one request.
	confighttp.ClientConfig `mapstructure:",squash"`
	// SecretEndpoint takes the place of endpoint where the URL itself is a secret, as
	// those of Slack's webhooks. It is never printed.
	SecretEndpoint configopaque.String `mapstructure:"secret_endpoint"`
	// System is the kind of ticket system: github, gitlab, jira, servicenow, slack,
	// slack_webhook, pagerduty or generic.
	System string `mapstructure:"system"`
	// Project is where tickets go: owner/repository, a GitLab project, the key of a Jira
	// project, a ServiceNow table, or a Slack channel.
	Project string `mapstructure:"project"`
	// Token is the API token; of PagerDuty, the routing key.
	Token configopaque.String `mapstructure:"token"`
	// User and Password are sent as basic auth, for Jira Cloud and ServiceNow.
	User     string              `mapstructure:"user"`
	Password configopaque.String `mapstructure:"password"`
	// Labels are put on tickets where the system has labels.
	Labels []string `mapstructure:"labels"`
	// Parameters are further values of a system, or of your own templates.
	Parameters map[string]string `mapstructure:"parameters"`
	// MinSeverity is from which severity on there are tickets: warning or critical.
	MinSeverity string `mapstructure:"min_severity"`
	// UpdateInterval is the shortest time between two updates that change neither state
	// nor severity.
	UpdateInterval time.Duration `mapstructure:"update_interval"`
	// Storage names the storage extension that keeps which ticket is whose; without one
	// they are forgotten at a restart, and incidents get a second ticket.
	Storage *component.ID `mapstructure:"storage"`
	// MaxTickets is how many tickets are remembered; closed ones are forgotten first.
	MaxTickets int `mapstructure:"max_tickets"`
	// Templates take the place of the system's requests: create, update, close, reopen.
	Templates map[string]Template `mapstructure:"templates"`

	Retry configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
}

// Template is a request. Path and Body are templates of Go's text/template; the README
// says what they may use.
type Template struct {
	// Method is POST, PUT or PATCH.
	Method string `mapstructure:"method"`
	// Path is added to the endpoint.
	Path string `mapstructure:"path"`
	// Body is JSON.
	Body string `mapstructure:"body"`
	// ID points to the ticket's id in the answer, as /number (RFC 6901); of a create only.
	// Empty takes the incident's id.
	ID string `mapstructure:"id"`

	needs string // parameter without which an update takes its place
}

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 20 * time.Second // ticket systems take their time
	client.Compression = ""           // most of them do not unpack

	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxInterval = 5 * time.Minute // they count requests
	retry.MaxElapsedTime = 0            // nothing is given up

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.NumConsumers = 1 // an update after its ticket
	queue.BlockOnOverflow = true
	return &Config{
		ClientConfig:   client,
		System:         systemGeneric,
		MinSeverity:    signals.SeverityWarning,
		UpdateInterval: 10 * time.Minute, // each update is a mail to all who watch the ticket
		MaxTickets:     2000,             // years; about 200 bytes each
		Retry:          retry,
		Queue:          configoptional.Some(queue),
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	s, known := systems()[c.System]
	switch {
	case !known:
		return fmt.Errorf("system must be one of %s", strings.Join(slices.Sorted(maps.Keys(systems())), ", "))
	case c.Endpoint != "" && c.SecretEndpoint != "":
		return errors.New("endpoint and secret_endpoint exclude each other: keep one")
	case c.base() == "":
		return errors.New("endpoint must be set, for example https://tickets.example.com")
	case s.project && c.Project == "":
		return fmt.Errorf("project must be set: %s needs to know where tickets go", c.System)
	case s.token && c.Token == "" && c.User == "" && !c.Auth.HasValue():
		return fmt.Errorf("token must be set: %s takes tickets from those it knows only", c.System)
	case (c.User == "") != (c.Password == ""):
		return errors.New("user and password go together: set both")
	case c.User != "" && c.Token != "":
		return errors.New("token and user exclude each other: keep one")
	case c.Compression.IsCompressed():
		return errors.New("compression must stay unset: ticket systems do not unpack")
	case c.Timeout <= 0:
		return errors.New("timeout must be positive: a system that hangs would hold up the queue")
	case c.MinSeverity != signals.SeverityWarning && c.MinSeverity != signals.SeverityCritical:
		return errors.New("min_severity must be warning or critical")
	case c.UpdateInterval < 0:
		return errors.New("update_interval must not be negative")
	case c.MaxTickets <= 0:
		return errors.New("max_tickets must be positive")
	case c.Queue.HasValue() && c.Queue.Get().NumConsumers != 1:
		return errors.New("sending_queue::num_consumers must be 1, so that an update comes after its ticket")
	}
	if u, err := url.Parse(c.base()); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("endpoint must be a URL like https://tickets.example.com") // not the value: it may be a secret
	}
	for name, t := range c.Templates {
		if !slices.Contains([]string{actionCreate, actionUpdate, actionClose, actionReopen}, name) {
			return fmt.Errorf("templates: %q must be create, update, close or reopen", name)
		}
		if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, t.Method) {
			return fmt.Errorf("templates::%s::method must be POST, PUT or PATCH", name)
		}
		if _, err := compile(t); err != nil {
			return fmt.Errorf("templates::%s: %w", name, err)
		}
	}
	return nil
}

// base is the URL that paths are added to, "" if there is none.
func (c *Config) base() string {
	return strings.TrimSuffix(cmp.Or(c.Endpoint, string(c.SecretEndpoint), systems()[c.System].endpoint), "/")
}
