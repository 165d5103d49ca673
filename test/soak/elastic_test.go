package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func statuses(t *testing.T, a answer) []int {
	t.Helper()
	var said struct {
		Errors bool
		Items  []struct{ Create struct{ Status int } }
	}
	require.NoError(t, json.Unmarshal(a.body, &said))
	var out []int
	failed := false
	for _, i := range said.Items {
		out = append(out, i.Create.Status)
		failed = failed || i.Create.Status != http.StatusCreated
	}
	require.Equal(t, failed, said.Errors)
	return out
}

func bulkOf(t *testing.T, e *elastic, items ...string) request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/_bulk?filter_path=x", nil)
	in, err := e.read(r, []byte(strings.Join(items, "\n")+"\n"))
	require.NoError(t, err)
	require.Equal(t, len(items)/2, in.records())
	return in
}

func action(index, id string) string {
	return fmt.Sprintf(`{"create":{"_index":%q,"_id":%q}}`, index, id)
}

func TestElasticsearch(t *testing.T) {
	e := newElastic(10)
	logs := "logs-generic-default"
	in := bulkOf(t, e,
		action(logs, "x"), `{"message":"a twqa0000000000x b"}`,
		action(logs, "y"), `{"message":"a twqb0000000003x b"}`,
		action(logs, "z"), `{"message":"a twqb0000000009x b"}`,
		action("traces-generic-default", "s"), `{"span.id":"7e5700000000000c","parent.id":"7e57000000000001"}`,
		action(logs, ""), `{"event.name":"tidewatch.finding","x":"twqa0000000005x"}`,
		action("logs-tidewatch.deadletter-default", ""), `{"message":"twqa0000000006x"}`,
		action(logs, ""), `{"message":"no number","log.file.path":"/x"}`)
	require.Equal(t, []int{429, 201, 400, 429, 201, 201, 429}, statuses(t, in.take(true)))
	require.Equal(t, []int{201, 409, 400, 201, 201, 201, 201}, statuses(t, in.take(false)))
	require.Equal(t, []int{409, 409, 400, 409, 201, 201, 201}, statuses(t, in.take(false)))
	require.Equal(t, []int{201}, statuses(t, bulkOf(t, e, action(logs, "other"), `{"message":"a twqa0000000000x b"}`).take(false)), "a double has another id")
	require.Equal(t, count{Distinct: 1, Repeated: 1, Doubled: 1}, e.lines[0].count())
	require.Equal(t, count{Distinct: 1, Repeated: 2, Refused: 1}, e.lines[1].count())
	missing, _, _ := e.spans.missing(13)
	require.Equal(t, 12, missing)
	require.Len(t, e.others, 2)
	require.Len(t, e.letters, 1)
	require.Equal(t, 2, e.stray)

	bulk := httptest.NewRequest(http.MethodPost, "/_bulk", nil)
	for _, bad := range []string{"{}\n{}\n", `{"create":{}}`, `{"create":{}}` + "\n{}"} {
		_, err := e.read(bulk, []byte(bad))
		require.ErrorIs(t, err, errBulk, bad)
	}
	in, err := e.read(httptest.NewRequest(http.MethodPut, "/_index_template/logs", nil), []byte("{}"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, in.take(true).status)
	require.Zero(t, in.records())
}
