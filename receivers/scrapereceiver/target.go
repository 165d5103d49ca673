package scrapereceiver

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/tidewatch/tidewatch/internal/secretfile"
	"github.com/tidewatch/tidewatch/internal/tlsfile"
	"github.com/tidewatch/tidewatch/signals"
)

// job is a compiled JobConfig. It does not change.
type job struct {
	cfg                    *JobConfig
	interval, timeout      time.Duration
	relabel, metricRelabel []*relabel.Config
	limits                 limits
	timestamps, native     bool
	client                 *http.Client
	password, credentials  *secretfile.Secret
}

type limits struct {
	samples                         int
	body                            int64
	labels, nameLength, valueLength int
}

func newJob(cfg *Config, jc *JobConfig) (*job, error) {
	j := &job{cfg: jc, interval: cfg.ScrapeInterval, timeout: cfg.ScrapeTimeout, timestamps: true, native: true}
	if jc.Interval > 0 {
		j.interval = jc.Interval
	}
	if jc.Timeout > 0 {
		j.timeout = jc.Timeout
	}
	j.timeout = min(j.timeout, j.interval)
	if jc.HonorTimestamps != nil {
		j.timestamps = *jc.HonorTimestamps
	}
	if jc.NativeHistograms != nil {
		j.native = *jc.NativeHistograms
	}
	or := func(n, otherwise int) int {
		if n == 0 {
			return otherwise
		}
		return n
	}
	j.limits = limits{
		samples: or(jc.SampleLimit, defaultSampleLimit), body: jc.BodyLimit, labels: or(jc.LabelLimit, defaultLabelLimit),
		nameLength: or(jc.LabelNameLengthLimit, defaultLabelNameLength), valueLength: or(jc.LabelValueLengthLimit, defaultLabelValueLength),
	}
	if j.limits.body == 0 {
		j.limits.body = defaultBodyLimit
	}
	var err error
	if j.relabel, err = relabeling(jc.Relabel); err != nil {
		return nil, err
	}
	if j.metricRelabel, err = relabeling(jc.MetricRelabel); err != nil {
		return nil, err
	}
	j.client = &http.Client{Transport: tlsfile.New(jc.TLS)}
	j.password = secretfile.New(string(jc.BasicAuth.Password), jc.BasicAuth.PasswordFile)
	j.credentials = secretfile.New(string(jc.Authorization.Credentials), jc.Authorization.CredentialsFile)
	return j, nil
}

// authorize adds the job's credentials to a request. A redirect to another host goes
// without them.
func (j *job) authorize(req *http.Request) error {
	switch {
	case j.cfg.BasicAuth.Username != "":
		password, err := j.password.Read()
		if err != nil {
			return err
		}
		req.SetBasicAuth(j.cfg.BasicAuth.Username, password)
	case j.cfg.Authorization.set():
		credentials, err := j.credentials.Read()
		if err != nil {
			return err
		}
		kind := j.cfg.Authorization.Type
		if kind == "" {
			kind = "Bearer"
		}
		req.Header.Set("Authorization", kind+" "+credentials)
	}
	return nil
}

// pair is an attribute of a resource.
type pair struct{ key, value string }

// target is one page. All but its cache, which belongs to the scrape that is under way,
// does not change.
type target struct {
	job *job
	key uint64 // identity: job, address and labels
	url string
	// labels are those that its samples get; job and instance among them.
	labels        labels.Labels
	name          string // the label job
	instance      string
	resource      []pair
	interval      time.Duration
	timeout       time.Duration
	client        *http.Client           // nil means the job's
	page          func(time.Time) []byte // makes the page in place of fetching one, if not nil
	cache         *cache
	failing, gone bool
}

// Labels with which relabelling can change how a target is scraped.
const (
	labelInterval = "__scrape_interval__"
	labelTimeout  = "__scrape_timeout__"
)

// newTarget applies the job's relabelling to what was discovered. It is nil for a target
// that relabelling drops.
func (j *job) newTarget(discovered map[string]string, resource []pair) (*target, error) {
	b := labels.NewBuilder(labels.FromMap(discovered))
	missing := func(name, value string) {
		if b.Get(name) == "" && value != "" {
			b.Set(name, value)
		}
	}
	path, scheme := j.cfg.Path, j.cfg.Scheme
	if path == "" {
		path = "/metrics"
	}
	if scheme == "" {
		scheme = "http"
	}
	missing(model.JobLabel, j.cfg.Name)
	missing(model.MetricsPathLabel, path)
	missing(model.SchemeLabel, scheme)
	missing(labelInterval, j.interval.String())
	missing(labelTimeout, j.timeout.String())
	for name, values := range j.cfg.Params {
		if len(values) > 0 {
			missing(model.ParamLabelPrefix+name, values[0])
		}
	}
	if !relabel.ProcessBuilder(b, j.relabel...) {
		return nil, nil
	}
	t := &target{job: j, cache: newCache(), resource: resource}
	if err := t.address(b); err != nil {
		return nil, err
	}
	b.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, model.ReservedLabelPrefix) {
			b.Del(l.Name)
		}
	})
	t.labels = b.Labels()
	t.name, t.instance = t.labels.Get(model.JobLabel), t.labels.Get(model.InstanceLabel)
	t.key = xxhash.Sum64String(j.cfg.Name + "\xff" + t.url + "\xff" + t.labels.String())
	return t, nil
}

// address reads what says where and how often to scrape.
func (t *target) address(b *labels.Builder) error {
	host := b.Get(model.AddressLabel)
	if host == "" {
		return fmt.Errorf("job %q: a target has no address", t.job.cfg.Name)
	}
	params := url.Values{}
	for name, values := range t.job.cfg.Params {
		params[name] = append([]string(nil), values...)
	}
	b.Range(func(l labels.Label) {
		if name, ok := strings.CutPrefix(l.Name, model.ParamLabelPrefix); ok {
			params[name] = append([]string{l.Value}, params[name][min(1, len(params[name])):]...)
		}
	})
	u := &url.URL{Scheme: b.Get(model.SchemeLabel), Host: host, Path: b.Get(model.MetricsPathLabel), RawQuery: params.Encode()}
	if _, err := url.Parse(u.String()); err != nil || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(host, "/@?#") {
		return fmt.Errorf("job %q: target %q must be host:port, with the scheme http or https", t.job.cfg.Name, host)
	}
	t.url = u.String()
	if b.Get(model.InstanceLabel) == "" {
		b.Set(model.InstanceLabel, host)
	}
	var err1, err2 error
	t.interval, err1 = time.ParseDuration(b.Get(labelInterval))
	t.timeout, err2 = time.ParseDuration(b.Get(labelTimeout))
	if err1 != nil || err2 != nil || t.interval <= 0 || t.timeout <= 0 {
		return fmt.Errorf("job %q: target %q must have a positive interval and timeout", t.job.cfg.Name, host)
	}
	t.timeout = min(t.timeout, t.interval)
	address, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if address == "" {
		address, _, _ = net.SplitHostPort(host)
	}
	t.resource = append(t.resource, pair{attrServerAddress, address}, pair{attrServerPort, port}, pair{attrURLScheme, u.Scheme})
	return nil
}

// The conventions' names of where a page is.
const (
	attrServerAddress = "server.address"
	attrServerPort    = "server.port"
	attrURLScheme     = "url.scheme"
)

// identity are the resource attributes that stand for job and instance. Of a job such
// as shop/web, which the exporters make of a service with a namespace, they are that.
func (t *target) identity(job, instance string) []pair {
	if job == t.name {
		for _, a := range t.resource {
			if name, ok := strings.CutPrefix(job, a.value+"/"); ok && a.key == signals.AttrK8sNamespace {
				return []pair{{signals.AttrServiceName, name}, {signals.AttrServiceSpace, a.value}, {signals.AttrServiceInstance, instance}}
			}
		}
	}
	return []pair{{signals.AttrServiceName, job}, {signals.AttrServiceInstance, instance}}
}
