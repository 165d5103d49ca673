package alerts

import (
	"bytes"
	"fmt"
	"maps"

	"go.yaml.in/yaml/v3"
)

// Generated is the first line of each file that is rendered.
const generated = "# Generated from the ledger of alert rules by `tidewatch alerts render`. DO NOT EDIT.\n"

// Render renders everything: rules and unit tests of Prometheus, PrometheusRules of its operator, rules of Loki, the
// configuration of Alertmanager, the provisioning of Grafana, and the book. The result is the same, byte for byte,
// for the same ledger.
func (l Ledger) Render(o Options) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, render := range []func(Ledger) (map[string][]byte, error){
		RenderPrometheus, RenderTests, RenderOperator, RenderLoki, RenderAlertmanager,
		func(l Ledger) (map[string][]byte, error) { return RenderGrafana(l, o) },
		func(l Ledger) (map[string][]byte, error) { return RenderBook(l, o) },
	} {
		files, err := render(l)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, files)
	}
	return all, nil
}

// Options are what renderers need to know of the place where the rules will run, and the book of what else is on record.
type Options struct {
	// PrometheusUID and LokiUID are the uids of Grafana's data sources; empty is prometheus and loki.
	PrometheusUID, LokiUID string
	// Folder of the rules in Grafana; empty is Tidewatch.
	Folder string
	// Drills are what the book tells of, the newest first.
	Drills []Drill
}

// groupsOf calls visit for each group of rules of a source, in order.
func (l Ledger) groupsOf(loki bool, visit func(group string, rules []*Rule) error) error {
	var group []*Rule
	flush := func() error {
		if len(group) == 0 {
			return nil
		}
		rules := group
		group = nil
		return visit(rules[0].Group, rules)
	}
	for _, r := range l.Enabled() {
		if r.LogQL() != loki {
			continue
		}
		if len(group) > 0 && group[0].Group != r.Group {
			if err := flush(); err != nil {
				return err
			}
		}
		group = append(group, r)
	}
	return flush()
}

// marshal writes YAML with two spaces and the line that says where it is from.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(generated)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write rules: %w", err)
	}
	return b.Bytes(), nil
}
