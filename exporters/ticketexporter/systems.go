package ticketexporter

import "net/http"

// Names of systems that others refer to.
const (
	systemGeneric = "generic"
	systemSlack   = "slack"
)

// What is done to a ticket.
const (
	actionCreate = "create"
	actionUpdate = "update"
	actionClose  = "close"
	actionReopen = "reopen"
)

// system is how a kind of ticket system is spoken to.
type system struct {
	// endpoint is the usual base URL, where there is one.
	endpoint string
	// project and token must be configured.
	project, token bool
	// header takes the token; "" is Authorization: Bearer, "-" is no header.
	header string
	// requests by action; an action without one needs none.
	requests map[string]Template
	// find looks for a ticket that a create may have made whose answer got lost. Its ID
	// points to the id in the answer, with * for the element of a list whose text has the
	// incident's id in it.
	find string
	// findID is where.
	findID string
}

// systems returns what is known. It is made when it is asked for: an agent without
// tickets has no use for it.
func systems() map[string]system {
	github := func(state string) Template {
		return Template{Method: http.MethodPatch, Path: "/repos/{{.Project}}/issues/{{.Ticket}}", Body: `{"title":{{json .Headline}},"body":{{json .Text}},"state":"` + state + `"}`}
	}
	gitlab := func(event string) Template {
		return Template{
			Method: http.MethodPut, Path: "/api/v4/projects/{{path .Project}}/issues/{{.Ticket}}",
			Body: `{"title":{{json .Headline}},"description":{{json .Text}}` + event + `}`,
		}
	}
	jira := Template{Method: http.MethodPut, Path: "/rest/api/2/issue/{{.Ticket}}", Body: `{"fields":{"summary":{{json .Headline}},"description":{{json .Text}}}}`}
	transition := func(parameter string) Template {
		return Template{
			needs: parameter, Method: http.MethodPost, Path: "/rest/api/2/issue/{{.Ticket}}/transitions",
			Body: `{"transition":{"id":{{json (index .Parameters "` + parameter + `")}}},"update":{"comment":[{"add":{"body":{{json .Text}}}}]}}`,
		}
	}
	servicenow := func(fields string) Template {
		return Template{
			Method: http.MethodPatch, Path: "/api/now/table/{{path .Project}}/{{.Ticket}}",
			Body: `{"short_description":{{json .Headline}},"work_notes":{{json .Text}}` + fields + `}`,
		}
	}
	slack := Template{Method: http.MethodPost, Path: "/chat.update", Body: `{"channel":{{json (part .Ticket 0)}},"ts":{{json (part .Ticket 1)}},"text":{{json .Message}}}`}
	message := Template{Method: http.MethodPost, Body: `{"text":{{json .Message}}}`}
	pagerduty := Template{Method: http.MethodPost, Path: "/v2/enqueue", Body: `{"routing_key":{{json .Token}},"event_action":{{if and (eq .State "acknowledged") (ne .Action "create")}}"acknowledge"{{else}}"trigger"{{end}},"dedup_key":{{json .ID}},` +
		`"payload":{"summary":{{json .Headline}},"source":{{json .Cause}},"severity":{{json .Severity}},"timestamp":{{json .Start}},"component":{{json .Cause}},` +
		`"custom_details":{"cause":{{json .CauseWhy}},"services":{{json .Services}},"hosts":{{json .Hosts}},"findings":{{.Count}}}},` +
		`"links":[{{range $i, $l := .Links}}{{if $i}},{{end}}{"href":{{json $l}}}{{end}}]}`}
	generic := Template{Method: http.MethodPost, Body: `{"action":{{json .Action}},"key":{{json .ID}},"ticket":{{json .Ticket}},"text":{{json .Text}},"incident":{{json .Record}}}`, ID: "/id"}
	return map[string]system{
		"github": {
			endpoint: "https://api.github.com", project: true, token: true,
			requests: map[string]Template{
				actionCreate: {Method: http.MethodPost, Path: "/repos/{{.Project}}/issues", Body: `{"title":{{json .Headline}},"body":{{json .Text}},"labels":{{json .Labels}}}`, ID: "/number"},
				actionUpdate: github("open"), actionReopen: github("open"), actionClose: github("closed"),
			},
			find: "/repos/{{.Project}}/issues?state=all&sort=created&per_page=100", findID: "/*/number",
		},
		"gitlab": {
			endpoint: "https://gitlab.com", project: true, token: true, header: "PRIVATE-TOKEN",
			requests: map[string]Template{
				actionCreate: {
					Method: http.MethodPost, Path: "/api/v4/projects/{{path .Project}}/issues",
					Body: `{"title":{{json .Headline}},"description":{{json .Text}},"labels":{{json (join .Labels)}}}`, ID: "/iid",
				},
				actionUpdate: gitlab(""), actionReopen: gitlab(`,"state_event":"reopen"`), actionClose: gitlab(`,"state_event":"close"`),
			},
			find: "/api/v4/projects/{{path .Project}}/issues?scope=all&in=description&search={{.ID}}", findID: "/*/iid",
		},
		"jira": {
			project: true, token: true,
			requests: map[string]Template{
				actionCreate: {
					Method: http.MethodPost, Path: "/rest/api/2/issue",
					Body: `{"fields":{"project":{"key":{{json .Project}}},"issuetype":{"name":{{json (default (index .Parameters "issue_type") "Task")}}},` +
						`"summary":{{json .Headline}},"description":{{json .Text}},"labels":{{json .Labels}}}}`, ID: "/key",
				},
				actionUpdate: jira, actionReopen: transition("reopen_transition"), actionClose: transition("close_transition"),
			},
			find: `/rest/api/2/search?fields=description&jql={{query (printf "project = %q AND description ~ %q" .Project .ID)}}`, findID: "/issues/*/key",
		},
		"servicenow": {
			project: true, token: true,
			requests: map[string]Template{
				actionCreate: {
					Method: http.MethodPost, Path: "/api/now/table/{{path .Project}}",
					Body: `{"short_description":{{json .Headline}},"description":{{json .Text}},"correlation_id":{{json .ID}},"urgency":{{json .Urgency}},"impact":{{json .Urgency}}}`, ID: "/result/sys_id",
				},
				actionUpdate: servicenow(`,"urgency":{{json .Urgency}}`), actionReopen: servicenow(`,"state":"2"`),
				actionClose: servicenow(`,"state":"6","close_code":{{json (default (index .Parameters "close_code") "Solved (Permanently)")}},"close_notes":{{json .Text}}`),
			},
			find: "/api/now/table/{{path .Project}}?sysparm_limit=1&sysparm_fields=sys_id,correlation_id&sysparm_query=correlation_id%3D{{.ID}}", findID: "/result/*/sys_id",
		},
		systemSlack: {
			endpoint: "https://slack.com/api", project: true, token: true,
			requests: map[string]Template{
				actionCreate: {Method: http.MethodPost, Path: "/chat.postMessage", Body: `{"channel":{{json .Project}},"text":{{json .Message}}}`, ID: "/channel /ts"},
				actionUpdate: slack, actionReopen: slack, actionClose: slack,
			},
		},
		"slack_webhook": {
			requests: map[string]Template{actionCreate: message, actionReopen: message, actionClose: message},
		},
		"pagerduty": {
			endpoint: "https://events.pagerduty.com", token: true, header: "-",
			requests: map[string]Template{
				actionCreate: pagerduty, actionUpdate: pagerduty, actionReopen: pagerduty,
				actionClose: {Method: http.MethodPost, Path: "/v2/enqueue", Body: `{"routing_key":{{json .Token}},"event_action":"resolve","dedup_key":{{json .ID}}}`},
			},
		},
		systemGeneric: {requests: map[string]Template{actionCreate: generic, actionUpdate: generic, actionReopen: generic, actionClose: generic}},
	}
}
