package elasticsearchexporter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
	"go.uber.org/zap"
)

const (
	maxTries    = 5               // answers that say nothing, after which export goes on without
	tryAgain    = time.Minute     // and how often it is tried then
	tryGap      = time.Second     // between tries: several requests may wait for one
	tryTimeout  = 5 * time.Second // of one try: a template is small
	maxSettings = 1 << 20         // of an answer
)

// templates installs the index templates before the first document goes out: a
// data stream takes its mapping when it is created. It is safe for concurrent
// use; nil installs nothing.
type templates struct {
	transport elastictransport.Interface
	logger    *zap.Logger
	names     []string
	settings  indexSettings

	mu    sync.Mutex // guards the rest
	done  bool
	tries int
	next  time.Time // no try before
	last  error     // of the last try
}

// ensure returns an error where the server can't be reached, as the export
// would, and for the first few answers that say nothing. A server that refuses
// is left as it is.
func (t *templates) ensure(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return nil
	}
	if now := time.Now(); !now.Before(t.next) {
		t.try(ctx)
		t.next = now.Add(tryGap)
		if t.tries >= maxTries {
			t.next = now.Add(tryAgain)
		}
	}
	if t.tries >= maxTries {
		return nil
	}
	return t.last
}

func (t *templates) try(ctx context.Context) {
	t.last = t.install(ctx)
	refused, silent := &refusedError{}, &silentError{}
	switch {
	case t.last == nil:
		t.done = true
	case errors.As(t.last, &refused):
		t.logger.Warn("The server does not let the index templates be installed; documents take whatever mapping it has. Install them by hand or set setup: off.", zap.Error(t.last))
		t.done, t.last = true, nil
	case errors.As(t.last, &silent), errors.Is(t.last, context.DeadlineExceeded):
		if t.tries++; t.tries == maxTries {
			t.logger.Warn("The server does not say whether it has the index templates; exporting without, and asking again every minute.", zap.Error(t.last))
		}
	}
}

func (t *templates) install(ctx context.Context) error {
	for _, name := range t.names {
		text, err := t.settings.template(name)
		if err != nil {
			return err
		}
		if err := t.installOne(ctx, "tidewatch-"+name, text); err != nil {
			return err
		}
	}
	return nil
}

// edition tells templates of one name apart.
type edition struct {
	Version int `json:"version"`
	Meta    struct {
		Settings string `json:"settings"`
	} `json:"_meta"`
}

// installOne puts the template unless the server has this edition or a newer
// version: a thousand agents that start together must not make a thousand changes.
func (t *templates) installOne(ctx context.Context, name, text string) error {
	var wanted edition
	if err := json.Unmarshal([]byte(text), &wanted); err != nil {
		return fmt.Errorf("read index template %s: %w", name, err)
	}
	found, err := t.edition(ctx, name)
	if err != nil {
		return err
	}
	if found.Version > wanted.Version || found == wanted {
		return nil
	}
	for _, plainer := range forms {
		text = plainer(text)
		err = t.put(ctx, name, text)
		refused := &refusedError{}
		if !errors.As(err, &refused) || refused.status != http.StatusBadRequest {
			break
		}
	}
	if err == nil {
		t.logger.Info("Installed an index template.", zap.String("name", name), zap.Int("version", wanted.Version))
	}
	return err
}

// edition returns that of the template on the server, zero where there is none.
func (t *templates) edition(ctx context.Context, name string) (edition, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	response, err := esapi.IndicesGetIndexTemplateRequest{Name: name, FilterPath: []string{"index_templates.index_template.version", "index_templates.index_template._meta"}}.Do(ctx, t.transport)
	if err != nil {
		return edition{}, fmt.Errorf("get index template %s: %w", name, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxSettings))
	if err != nil {
		return edition{}, fmt.Errorf("get index template %s: %w", name, err)
	}
	if response.StatusCode == http.StatusNotFound {
		return edition{}, nil
	}
	if err := judge("get index template "+name, response.StatusCode, text); err != nil {
		return edition{}, err
	}
	var answer struct {
		Templates []struct {
			Template edition `json:"index_template"`
		} `json:"index_templates"`
	}
	if json.Unmarshal(text, &answer) != nil || len(answer.Templates) == 0 {
		return edition{}, nil
	}
	return answer.Templates[0].Template, nil
}

func (t *templates) put(ctx context.Context, name, text string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	response, err := esapi.IndicesPutIndexTemplateRequest{Name: name, Body: strings.NewReader(text)}.Do(ctx, t.transport)
	if err != nil {
		return fmt.Errorf("put index template %s: %w", name, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxSettings))
	if err != nil {
		return fmt.Errorf("put index template %s: %w", name, err)
	}
	if err := judge("put index template "+name, response.StatusCode, answer); err != nil {
		return err
	}
	var done struct {
		Acknowledged bool `json:"acknowledged"`
	}
	if json.Unmarshal(answer, &done) != nil || !done.Acknowledged { // a proxy's, or a cluster's in trouble
		return &silentError{refusedError{"put index template " + name, response.StatusCode, excerpt(answer)}}
	}
	return nil
}

// refusedError is an answer that will not change by asking again.
type refusedError struct {
	what   string
	status int
	answer string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s: server answers %d: %s", e.what, e.status, e.answer)
}

// silentError is an answer that says nothing of the template: 429 or 5xx.
type silentError struct{ refusedError }

// judge makes an error of a status: a refusal of 3xx and 4xx except 429.
func judge(what string, status int, answer []byte) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 500 && status != http.StatusTooManyRequests:
		return &refusedError{what, status, excerpt(answer)}
	default:
		return &silentError{refusedError{what, status, excerpt(answer)}}
	}
}
