package ticketexporter

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/tidewatch/tidewatch/internal/address"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/internal/retryafter"
	"github.com/tidewatch/tidewatch/internal/template"
)

const (
	// maxAnswer bounds what is read of an answer: a list of a hundred issues is less.
	maxAnswer = 4 << 20
	// maxReason is how much of a refusal goes to the log.
	maxReason = 300
)

func (e *ticketExporter) values(action string, i *incidentlog.Record, ticketID string) *values {
	labels := e.cfg.Labels
	if labels == nil {
		labels = []string{}
	}
	return &values{
		Record: *i, Action: action, Ticket: ticketID, Project: e.cfg.Project, Token: string(e.cfg.Token), Labels: labels, Parameters: e.cfg.Parameters,
	}
}

// send does an action and returns the ticket's id after a create.
func (e *ticketExporter) send(ctx context.Context, action string, i *incidentlog.Record, ticketID string) (string, error) {
	request := e.requests[action]
	path, body, err := request.render(e.values(action, i, ticketID))
	if err != nil {
		return "", &refusal{status: http.StatusBadRequest, text: err.Error()}
	}
	key := i.ID + ":" + action
	if action != actionCreate {
		key += ":" + strconv.FormatInt(i.Time.UnixNano(), 36)
	}
	answer, err := e.ask(ctx, request.Method, path, body, key)
	if err != nil {
		return "", fmt.Errorf("%s ticket: %w", action, err)
	}
	return cmp.Or(idIn(answer, request.ID), i.ID), nil
}

// find looks for a ticket of an incident, "" if there is none or the system cannot be
// asked.
func (e *ticketExporter) find(ctx context.Context, i *incidentlog.Record) (string, error) {
	if e.system.find == "" || e.cfg.Templates[actionCreate].Method != "" {
		return "", nil
	}
	t, err := template.Parse("find", e.system.find, functions)
	if err != nil {
		return "", fmt.Errorf("find ticket: %w", err)
	}
	var path bytes.Buffer
	if err := t.Execute(&path, e.values("find", i, "")); err != nil {
		return "", fmt.Errorf("find ticket: %w", err)
	}
	answer, err := e.ask(ctx, http.MethodGet, path.String(), nil, "")
	if err != nil {
		return "", fmt.Errorf("find ticket: %w", err)
	}
	return findIn(answer, e.system.findID, i.ID), nil
}

// ask sends one request. Errors have neither URL nor headers in them, since both may hold
// secrets.
func (e *ticketExporter) ask(ctx context.Context, method, path string, body []byte, key string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, e.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, text: "the URL is not usable"}
	}
	req.Header = e.header.Clone()
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, address.Reason(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case resp.StatusCode/100 != 2:
		return nil, &refusal{resp.StatusCode, e.reason(answer), retryafter.Wait(resp.Header, e.now())}
	case err != nil:
		return nil, &refusal{status: http.StatusBadGateway, text: "the answer ended early"}
	case e.cfg.System == systemSlack:
		if r := slackRefusal(answer); r != nil {
			r.wait = retryafter.Wait(resp.Header, e.now())
			return nil, r
		}
	}
	return answer, nil
}

// reason is the beginning of a refusal, without the token should the system quote it.
func (e *ticketExporter) reason(answer []byte) string {
	text := strings.Join(strings.Fields(string(answer)), " ")
	for _, secret := range []string{string(e.cfg.Token), string(e.cfg.Password), string(e.cfg.SecretEndpoint)} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[REDACTED]")
		}
	}
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}
