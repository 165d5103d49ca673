package elasticsearchexporter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// longAnswer is what a server says that leaves filter_path unconsidered.
func longAnswer(n int) []byte {
	item := `{"create":{"_index":".ds-logs-generic-default-2026.11.21-000001","_id":"a\"status\":200","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":1,"status":201}}`
	return []byte(`{"took":12,"ingest_took":3,"errors":false,"items":[` + strings.Repeat(item+",", n-1) + item + "]}\n")
}

func TestAnswerThatStoredEverything(t *testing.T) {
	for _, answer := range []string{
		string(longAnswer(3)),
		`{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":200}},{"create":{"status":201}}]}`,
	} {
		results, err := parseResults([]byte(answer), 3)
		require.NoError(t, err)
		require.Nil(t, results, "told without decoding")
	}
	results, err := parseResults([]byte(`{ "errors" : false, "items" : [ {"create" : {"status" : 201}} ] }`), 1)
	require.NoError(t, err)
	require.True(t, results[0].stored())
}

func TestAnswerThatLies(t *testing.T) {
	// It says that there are no errors, and has one.
	results, err := parseResults([]byte(`{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":429,"error":{"type":"x","reason":"y"}}}]}`), 2)
	require.NoError(t, err)
	require.True(t, results[0].stored())
	require.False(t, results[1].stored())
	// It has results for other documents than were sent.
	for _, n := range []int{1, 3} {
		_, err = parseResults([]byte(`{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]}`), n)
		require.ErrorContains(t, err, fmt.Sprintf("2 results for %d documents", n))
	}
	_, err = parseResults(longAnswer(3)[:200], 1)
	require.ErrorContains(t, err, "read bulk response")
	_, err = parseResults(nil, 1)
	require.ErrorContains(t, err, "read bulk response")
}

func BenchmarkParseResults(b *testing.B) {
	answer := longAnswer(1000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%1000 == 0 {
			if results, err := parseResults(answer, 1000); err != nil || results != nil {
				b.Fatal(results, err)
			}
		}
	}
}
