package lint

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "write signals/metrics.txt and docs/metrics.md from the code")

const (
	listFile      = root + "/signals/metrics.txt"
	referenceFile = root + "/docs/metrics.md"
	howToUpdate   = "run: go test ./internal/lint -run Metrics -update"
)

// The list has each metric that our packages make about themselves, as they make it, and no
// other of theirs; the reference is written from the list.
func TestMetricsListIsTheCode(t *testing.T) {
	text, err := os.ReadFile(listFile)
	require.NoError(t, err)
	listed := signals.ParseMetrics(string(text))
	want := codeMetrics(t, listed)
	if *update {
		listed = append(slices.DeleteFunc(slices.Clone(listed), fromCode), want...)
		require.NoError(t, os.WriteFile(listFile, []byte(renderList(string(text), listed)), 0o644)) //nolint:gosec // a source file
		require.NoError(t, os.WriteFile(referenceFile, []byte(renderReference(listed)), 0o644))     //nolint:gosec // a source file
		return
	}
	var got []signals.Metric
	for _, m := range listed {
		if fromCode(m) {
			got = append(got, m)
		}
	}
	require.Equal(t, want, got, "signals/metrics.txt is not what the code says: %s", howToUpdate)
	require.Equal(t, string(text), renderList(string(text), listed), "signals/metrics.txt has a line that cannot be read, or is not in order: %s", howToUpdate)
	reference, err := os.ReadFile(referenceFile)
	require.NoError(t, err)
	require.Equal(t, renderReference(listed), string(reference), "docs/metrics.md is old: %s", howToUpdate)
}

func TestMetricsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range signals.Metrics() {
		assert.False(t, seen[m.Name], "%s is listed twice", m.Name)
		seen[m.Name] = true
		assert.Contains(t, []string{"counter", "gauge", "histogram", "summary"}, m.Type, m.Name)
		assert.True(t, slices.IsSorted(m.Labels), "%s: labels come in order", m.Name)
		assert.True(t, strings.HasSuffix(m.Help, "."), "%s: its description is a sentence", m.Name)
		assert.True(t, fromCode(m) || sections[m.Source] != "", "%s is of %s, which is no section", m.Name, m.Source)
	}
	for metric, suffix := range map[string]string{
		signals.MetricPatternLines: "_total", signals.MetricLogLines: "_total", signals.MetricBaselineObserved: "", signals.MetricBaselineLower: "", signals.MetricBaselineUpper: "",
		signals.MetricAnomalyScore: "", signals.MetricAnomalyState: "", signals.MetricBaselineLearned: "", signals.MetricForecast: "", signals.MetricForecastLower: "", signals.MetricForecastUpper: "",
		signals.MetricFullIn: "_seconds", signals.MetricSpanCalls: "_total", signals.MetricSpanDuration: "_milliseconds", signals.MetricGraphRequests: "", signals.MetricGraphFailed: "",
		signals.MetricGraphServer: "", signals.MetricGraphClient: "", signals.MetricServiceCalls: "_per_second", signals.MetricServiceErrors: "_ratio",
		signals.MetricServiceLatencyMean: "_seconds", signals.MetricServiceLatencyP99: "_seconds",
	} {
		assert.True(t, seen[strings.ReplaceAll(metric, ".", "_")+suffix], "%s is not listed", metric)
	}
}

// What a metadata.yaml says of metrics is there.
func TestMetricsOfMetadata(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^\s+(tidewatch_\w+):`)
	for _, dir := range componentDirs(t) {
		text, err := os.ReadFile(filepath.Join(root, dir, "metadata.yaml"))
		if err != nil {
			continue // another test asks for it
		}
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			assert.True(t, slices.ContainsFunc(signals.Metrics(), func(l signals.Metric) bool { return l.Name == m[1] }),
				"%s/metadata.yaml has %s, which nothing makes", dir, m[1])
		}
	}
}

func fromCode(m signals.Metric) bool { return strings.Contains(m.Source, "/") || m.Source == "agent" }

// codeMetrics are the metrics of the code in order, with the labels that the list has.
func codeMetrics(t *testing.T, listed []signals.Metric) []signals.Metric {
	t.Helper()
	packages := map[string][]goFile{}
	for _, f := range parseTree(t) {
		if l := layer(f.dir); !f.test && l > 0 && l < 4 {
			packages[f.dir] = append(packages[f.dir], f)
		}
	}
	var all []signals.Metric
	for _, files := range packages {
		for _, m := range instruments(t, files) {
			for _, l := range listed {
				if l.Name == m.Name {
					m.Labels = l.Labels
				}
			}
			m.Help = strings.TrimSuffix(strings.Join(strings.Fields(m.Help), " "), ".") + "."
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b signals.Metric) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// renderList writes the list under the comment that it had.
func renderList(old string, metrics []signals.Metric) string {
	head, _, _ := strings.Cut(old, "\n[")
	var b strings.Builder
	b.WriteString(strings.TrimRight(head, "\n") + "\n")
	bySection(metrics, func(source string, of []signals.Metric) {
		fmt.Fprintf(&b, "\n[%s]\n", source)
		for _, m := range of {
			fmt.Fprintf(&b, "%s %s %s %s | %s\n", m.Name, m.Type, cmp.Or(m.Unit, "-"), labelsText(m), m.Help)
		}
	})
	return b.String()
}

func labelsText(m signals.Metric) string {
	if m.Labels == nil {
		return "*"
	}
	return cmp.Or(strings.Join(m.Labels, ","), "-")
}

// sections are the titles of what is not of a package of ours, in order.
var (
	sectionOrder = []string{signals.SourceDerived, signals.SourceHost, signals.SourceRuntime, signals.SourceScrape, signals.SourceKubernetes, signals.SourceMiddleware, signals.SourceApplications}
	sections     = map[string]string{
		signals.SourceDerived:      "Derived from logs, metrics and traces",
		signals.SourceHost:         "The host",
		signals.SourceRuntime:      "The collector about itself",
		signals.SourceScrape:       "What a scrape adds",
		signals.SourceKubernetes:   "Kubernetes",
		signals.SourceMiddleware:   "Middleware",
		signals.SourceApplications: "Applications",
	}
	sectionText = map[string]string{
		signals.SourceDerived:      "Served at `:4321/metrics` and written by `remote_write`. Labels are those of the series or service that they are about.",
		signals.SourceHost:         "Read by the `host_metrics` receiver; served at `:4321/metrics` and written by `remote_write`. `builtin:host` has those that need no configuration; `process_*` and `nfs_*` need their scrapers.",
		signals.SourceRuntime:      "Served at `:4323/metrics`. Upstream's names, which may change with the collector that this version is built on.",
		signals.SourceScrape:       "Of whoever scrapes: the `scrape` receiver, or Prometheus.",
		signals.SourceKubernetes:   "What a kubelet serves at `/metrics`, `/metrics/cadvisor` and `/metrics/resource`, and what the `scrape` receiver makes of its pods (`kube_pod_*`).",
		signals.SourceMiddleware:   "What the `middleware` receiver asks of nginx, Redis, PostgreSQL, MySQL and JVMs on this host; served at `:4321/metrics` and written by `remote_write`.",
		signals.SourceApplications: "What others send, by the conventions of OpenTelemetry, that a shipped rule or dashboard is about.",
	}
)

// bySection visits the sections in order: ours last, by their folders.
func bySection(metrics []signals.Metric, visit func(source string, of []signals.Metric)) {
	groups := map[string][]signals.Metric{}
	for _, m := range metrics {
		groups[m.Source] = append(groups[m.Source], m)
	}
	order := slices.Clone(sectionOrder)
	var folders []string
	for s := range groups {
		if !slices.Contains(order, s) {
			folders = append(folders, s)
		}
	}
	slices.Sort(folders)
	for _, s := range append(order, folders...) {
		of := groups[s]
		slices.SortFunc(of, func(a, b signals.Metric) int { return cmp.Compare(a.Name, b.Name) })
		if len(of) > 0 {
			visit(s, of)
		}
	}
}

// renderReference writes docs/metrics.md.
func renderReference(metrics []signals.Metric) string {
	var b strings.Builder
	b.WriteString(`# Metrics

Every metric that Tidewatch has, as Prometheus sees it. A histogram has the suffixes ` + "`_bucket`, `_count` and `_sum`" + `. Labels of the scrape and
of the resource (` + "`job`, `instance`, `host_name`, `service_name`, `k8s_*`" + `) are not named; *any* means that they depend on what is watched.
Written by ` + "`go test ./internal/lint -run Metrics -update`" + ` from [signals/metrics.txt](../signals/metrics.txt) and the code; a test keeps it so, and
another compares it with what a running agent serves. [compatibility.md](compatibility.md) says which names are promised.
`)
	ours := false
	bySection(metrics, func(source string, of []signals.Metric) {
		title, text := sections[source], sectionText[source]
		if title == "" {
			if !ours {
				ours = true
				b.WriteString("\n## Tidewatch about itself\n\nServed at `:4323/metrics`, a section for each package. A counter appears with its first count.\n")
			}
			fmt.Fprintf(&b, "\n### %s\n\n", packageTitle(source))
		} else {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", title, text)
		}
		b.WriteString("| metric | type | unit | labels | what it is |\n| --- | --- | --- | --- | --- |\n")
		for _, m := range of {
			labels := "*any*"
			if m.Labels != nil {
				labels = strings.Join(m.Labels, ", ")
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Type, m.Unit, labels, strings.ReplaceAll(m.Help, "|", `\|`))
		}
	})
	return b.String()
}

// packageTitle names a folder for readers, with a link.
func packageTitle(dir string) string {
	name := filepath.Base(dir)
	kind, ok := kinds[first(dir)]
	if !ok {
		return fmt.Sprintf("[%s](../%s)", name, dir)
	}
	return fmt.Sprintf("[%s](../%s), %s", strings.TrimSuffix(name, kind), dir, map[bool]string{true: "an " + kind, false: "a " + kind}[kind[0] == 'e'])
}
