package catalogue_test

import (
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/incident/catalogue"
)

const httpFile = `family: http
forms: ["status {code}", "http 1 1 {code}", "http request * returned {code}"]
entries:
  - {code: "503", name: Service Unavailable, matchers: ["503 service unavailable"], class: unavailable, meaning: It cannot serve now., causes: [overload], first_command: "curl -sv <url>"}
  - {code: "404", class: not_found, meaning: It is not there., causes: [a wrong path], first_command: "curl -sv <url>"}
`

const sqlFile = `family: mysql
entries:
  - {code: "1205", matchers: ["error 1205"], with: [hy000, innodb], class: conflict, meaning: A lock was not released in time., causes: [a long transaction], first_command: "mysql -e 'show processlist'"}
`

func matcher(t testing.TB, files ...string) *catalogue.Matcher {
	t.Helper()
	system := fstest.MapFS{}
	for i, f := range files {
		system[string(rune('a'+i))+".yaml"] = &fstest.MapFile{Data: []byte(f)}
	}
	c, err := catalogue.Load(system)
	require.NoError(t, err)
	return c.Matcher()
}

func TestFind(t *testing.T) {
	m := matcher(t, httpFile, sqlFile)
	for line, want := range map[string]string{
		`upstream answered status=503`:                   "http.503",
		`{"status" : 503, "path":"/x"}`:                  "http.503",
		`"GET /x HTTP/1.1" 404 12`:                       "http.404",
		"503 Service Unavailable":                        "http.503",
		"status 404, then 503 Service Unavailable":       "http.503", // three words say more than two
		"http request 7 returned 404":                    "http.404",
		"http request returned 404":                      "",
		"took 503 ms":                                    "",
		"GET /status/503":                                "", // a path
		"?q=status+503":                                  "",
		`{"last":"status","503":1}`:                      "", // two fields
		"status      503":                                "", // too far
		"substatus 503":                                  "",
		"status 5030":                                    "",
		"ERROR 1205 (HY000): Lock wait timeout exceeded": "mysql.1205",
		"error 1205 in module":                           "",
		"":                                               "",
		"status":                                         "",
		"\xff\xfe status 503\x00":                        "http.503",
	} {
		got, ok := m.Find(line)
		require.Equal(t, want, got.ID, line)
		require.Equal(t, want != "", ok, line)
	}
}

func TestGeneralEntriesGiveWay(t *testing.T) {
	m := matcher(t, httpFile, `family: wrap
entries:
  - {code: W, matchers: ["the call * failed"], general: true, class: unavailable, meaning: A call failed., causes: [any], first_command: "true"}
`)
	for line, want := range map[string]string{
		"the call x failed":                     "wrap.W",
		"the call x failed: status 503":         "http.503",
		"status 404 since the call x failed":    "http.404",
		"the call x failed, the call y failed ": "wrap.W",
	} {
		got, _ := m.Find(line)
		require.Equal(t, want, got.ID, line)
	}
}

func TestLaterFilesReplace(t *testing.T) {
	own := fstest.MapFS{"mine.yaml": {Data: []byte(`family: http
entries:
  - {code: "503", matchers: ["maintenance window"], class: unavailable, meaning: Ours., causes: [a deploy], first_command: "true"}
`)}}
	c, err := catalogue.Load(fstest.MapFS{"http.yaml": {Data: []byte(httpFile)}}, own)
	require.NoError(t, err)
	require.Equal(t, 2, c.Len())
	require.Equal(t, "Ours.", c.Entry("http.503").Meaning)
	require.Equal(t, "mine.yaml:3", c.Entry("http.503").Source)
	got, ok := c.Matcher().Find("we have a maintenance window")
	require.True(t, ok)
	require.Equal(t, catalogue.Match{ID: "http.503", Class: "unavailable"}, got)
}

func TestFaultsAreNamed(t *testing.T) {
	for yaml, want := range map[string]string{
		"family: Http\nentries: []":                      `family "Http" must be lower-case`,
		"family: x\nforms: [\"a\"]\nentries: []":         `form "a" must have {code} once`,
		"family: x\nwrong: 1":                            `field wrong not found`,
		"family: x\nentries:\n  - {code: A, klass: b}":   `bad.yaml:3: key "klass" in line 3 is not known`,
		"family: x\nentries:\n  - {code: A}":             `class "" of A is not one of those listed`,
		"family: x\nentries:\n  - {code: A, class: dns}": "bad.yaml:3: meaning of A is missing",
		"family: x\nentries:\n  - {code: A, class: dns, meaning: m, causes: [c], first_command: c}":                      "matchers of A are missing",
		"family: x\nentries:\n  - {code: A, class: dns, meaning: m, causes: [c], first_command: c, matchers: [\"* b\"]}": "begins with *",
		"family: x\nentries:\n  - {code: A, class: dns, meaning: m, causes: [c], first_command: c, matchers: [\"--\"]}":  "has no word",
	} {
		_, err := catalogue.Load(fstest.MapFS{"bad.yaml": {Data: []byte(yaml)}})
		require.ErrorContains(t, err, want)
	}
}

func TestShippedCatalogueIsValid(t *testing.T) {
	c, err := catalogue.Load(catalogue.Shipped())
	require.NoError(t, err)
	require.NotZero(t, c.Len())
}

func FuzzFind(f *testing.F) {
	f.Add("status 503 \x80 ERROR 1205 (HY000)")
	m := matcher(f, httpFile, sqlFile)
	f.Fuzz(func(t *testing.T, line string) {
		got, ok := m.Find(line)
		require.Equal(t, ok, got.ID != "")
	})
}

const quiet = `2026-11-21T10:00:00.123456Z INFO  http-nio-8080-exec-4 c.e.orders.OrderService : order 83741 accepted for customer 5512, 3 items, total 118.90 EUR`

func BenchmarkFindNothing(b *testing.B) {
	c, err := catalogue.Load(catalogue.Shipped())
	require.NoError(b, err)
	m := c.Matcher()
	b.SetBytes(int64(len(quiet)))
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		if _, ok := m.Find(quiet); ok {
			b.Fatal("found")
		}
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// processorTime is what this process has used so far: on a busy machine it says more
// than the clock.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
