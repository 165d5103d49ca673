package elasticsearchexporter

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// Values of Config.Setup.
const (
	setupAuto = "auto"
	setupOff  = "off"
)

// Values of Config.DocumentID.
const (
	idAuto   = "auto"
	idAlways = "always"
	idOff    = "off"
)

// Values of Config.Mode.
const (
	modeECS  = "ecs"
	modeOTel = "otel"
)

// Config of the exporter.
type Config struct {
	// ClientConfig holds endpoint, tls, headers, auth, proxy_url, timeout (of one
	// bulk request) and compression (gzip, zstd or
	// none; where the server does not understand zstd, gzip takes its place).
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// Endpoints are the nodes' URLs, used in turn; a node that fails is left out
	// for a while. It stands instead of endpoint.
	Endpoints []string `mapstructure:"endpoints"`

	// User and Password for basic authentication; also taken from the URL.
	User     string              `mapstructure:"user"`
	Password configopaque.String `mapstructure:"password"`
	// APIKey in the encoded form that Elasticsearch hands out.
	APIKey configopaque.String `mapstructure:"api_key"`

	// Dataset and Namespace name the data streams, `logs-<dataset>-<namespace>`,
	// where a record, its scope or its resource has no `data_stream.dataset` or
	// `data_stream.namespace`.
	Dataset   string `mapstructure:"dataset"`
	Namespace string `mapstructure:"namespace"`

	// Mode names the fields: `ecs` by the Elastic Common Schema where that has a
	// name, `otel` as Elasticsearch's own templates for OpenTelemetry have them, in
	// data streams `logs-<dataset>.otel-<namespace>`.
	Mode string `mapstructure:"mode"`
	// RawJSON takes a log record's body that is one JSON object as it is: its
	// members become the document's attributes, byte by byte. False stores it as text.
	RawJSON bool `mapstructure:"raw_json"`

	// Setup `auto` installs the index templates that the exporter's documents
	// need, where the server allows it; `off` leaves the server as it is.
	Setup string `mapstructure:"setup"`
	// DocumentID gives documents an `_id` made of their content, so that sending
	// one twice stores it once: `auto` for spans and for log records with a
	// position in a file, `always` for every document, `off` for none.
	DocumentID string `mapstructure:"document_id"`
	// DeadLetter keeps documents that the server refuses for good in the data
	// stream `logs-tidewatch.deadletter-<namespace>`, with the reason.
	DeadLetter bool `mapstructure:"dead_letter"`
	// DeadLetterFile keeps them in a file too, from which `tidewatch queue replay
	// --dead-letter` sends them once the reason is gone.
	DeadLetterFile DeadLetterFileConfig `mapstructure:"dead_letter_file"`
	// Retention is how long the data streams keep documents; zero leaves that to
	// the server. It and the next two are part of the templates that setup: auto installs,
	// and count for indices that are made afterwards.
	Retention time.Duration `mapstructure:"retention"`
	// LifecyclePolicy names a policy of index lifecycle management for the data
	// streams; it is left out where the server has no such thing.
	LifecyclePolicy string `mapstructure:"lifecycle_policy"`
	// IngestPipeline names an ingest pipeline of the server for each document.
	IngestPipeline string `mapstructure:"ingest_pipeline"`
	// MaxRequestSize bounds the body of one bulk request before compression, in
	// bytes; a larger batch is sent in several requests. One larger document goes alone.
	MaxRequestSize int `mapstructure:"max_request_size"`

	// CircuitBreaker leaves a node alone that fails again and again.
	CircuitBreaker breaker.Config `mapstructure:"circuit_breaker"`
	// RateLimit holds requests back.
	RateLimit breaker.LimitConfig `mapstructure:"rate_limit"`

	RetryConfig configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
}

// DeadLetterFileConfig of the file that keeps what the server refused.
type DeadLetterFileConfig struct {
	// Path of the file; empty keeps none. Its folder is made.
	Path string `mapstructure:"path"`
	// MaxSize bounds the file, in bytes. A full one takes no more letters until it
	// is replayed or moved away; what it does not take is counted as ever.
	MaxSize int64 `mapstructure:"max_size"`
}

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 30 * time.Second // a busy cluster answers a bulk request in seconds; twice its own default of retries
	client.Compression = configcompression.TypeGzip
	client.CompressionParams.Level = 1 // three quarters of the saving of level 6 at a third of its CPU time

	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // what cannot be delivered now is delivered later

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = 128 << 20  // about 200,000 log lines as JSON; then the sources wait
	queue.BlockOnOverflow = true // files wait at the source, where they are safe
	queue.NumConsumers = 4       // hides the latency of one bulk request behind three others
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: time.Second, // how stale a search may be when little comes in
		Sizer:        exporterhelper.RequestSizerTypeBytes,
		MinSize:      2 << 20, // of JSON; large enough for the server, small enough to answer in a second
		// No MaxSize: the queue would drop a single record that is larger, and the
		// exporter cuts requests itself.
	})
	return &Config{
		ClientConfig:   client,
		Dataset:        "generic",
		Namespace:      "default",
		Mode:           modeECS,
		RawJSON:        true, // who logs JSON wants to search by its members
		Setup:          setupAuto,
		DocumentID:     idAuto,
		DeadLetter:     true,
		DeadLetterFile: DeadLetterFileConfig{MaxSize: 64 << 20}, // some 100,000 documents: whatever broke has broken often enough to be seen
		MaxRequestSize: 5 << 20,                                 // far below the server's http.max_content_length of 100 MB, and good for its heap
		CircuitBreaker: breaker.DefaultConfig(),
		RetryConfig:    retry,
		QueueConfig:    configoptional.Some(queue),
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if _, err := c.urls(); err != nil {
		return err
	}
	switch c.ClientConfig.Compression {
	case configcompression.TypeGzip, configcompression.TypeZstd, "none", "":
	default:
		return fmt.Errorf("compression must be gzip, zstd or none, Elasticsearch understands no %q", c.ClientConfig.Compression)
	}
	if c.ClientConfig.Timeout <= 0 {
		return errors.New("timeout must be positive: a server that hangs would hold a request for ever")
	}
	if c.APIKey != "" && c.User != "" {
		return errors.New("api_key and user exclude each other: keep one")
	}
	if (c.User == "") != (c.Password == "") {
		return errors.New("user and password go together: set both")
	}
	if c.Mode != modeECS && c.Mode != modeOTel {
		return fmt.Errorf("mode must be %s or %s", modeECS, modeOTel)
	}
	if c.Setup != setupAuto && c.Setup != setupOff {
		return fmt.Errorf("setup must be %s or %s", setupAuto, setupOff)
	}
	if c.DocumentID != idAuto && c.DocumentID != idAlways && c.DocumentID != idOff {
		return fmt.Errorf("document_id must be %s, %s or %s", idAuto, idAlways, idOff)
	}
	if c.Retention < 0 || c.Retention > 0 && c.Retention < time.Hour {
		return errors.New("retention must be 0 or at least 1h: Elasticsearch deletes whole indices")
	}
	if c.DeadLetterFile.MaxSize <= 0 {
		return errors.New("dead_letter_file::max_size must be positive, in bytes")
	}
	if c.MaxRequestSize <= 0 {
		return errors.New("max_request_size must be positive, in bytes")
	}
	for key, name := range map[string]string{"dataset": c.Dataset, "namespace": c.Namespace} {
		if name == "" || name != streamName(name) {
			return fmt.Errorf(`%s must be lower case, without spaces or any of -\/*?"<>|,#: and at most %d bytes long`, key, maxStreamName)
		}
	}
	return nil
}

// urls returns the nodes' URLs, always at least one.
func (c *Config) urls() ([]*url.URL, error) {
	if c.ClientConfig.Endpoint != "" && len(c.Endpoints) > 0 {
		return nil, errors.New("endpoint and endpoints exclude each other: list all nodes in endpoints")
	}
	list, key := c.Endpoints, "endpoints"
	if len(list) == 0 {
		list, key = []string{c.ClientConfig.Endpoint}, "endpoint"
	}
	urls := make([]*url.URL, 0, len(list))
	for _, s := range list {
		if s == "" {
			return nil, errors.New("endpoint must be set, for example http://localhost:9200")
		}
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%s must hold URLs like http://localhost:9200", key) // not the value: it may hold a password
		}
		u.Path = strings.TrimRight(u.Path, "/")
		urls = append(urls, u)
	}
	return urls, nil
}
