package alerts

// The file format of Prometheus and of Loki's ruler.
type ruleFile struct {
	Groups []ruleGroup `yaml:"groups"`
}

type ruleGroup struct {
	Name  string      `yaml:"name"`
	Rules []ruleEntry `yaml:"rules"`
}

type ruleEntry struct {
	Record        string            `yaml:"record,omitempty"`
	Alert         string            `yaml:"alert,omitempty"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for,omitempty"`
	KeepFiringFor string            `yaml:"keep_firing_for,omitempty"`
	Labels        map[string]string `yaml:"labels,omitempty"`
	Annotations   map[string]string `yaml:"annotations,omitempty"`
}

// RenderPrometheus renders prometheus/<group>.yaml, for rule_files of Prometheus or Mimir.
func RenderPrometheus(l Ledger) (map[string][]byte, error) {
	return l.renderRules(false, "prometheus/")
}

// RenderLoki renders loki/<group>.yaml, for the directory of Loki's ruler.
func RenderLoki(l Ledger) (map[string][]byte, error) {
	return l.renderRules(true, "loki/")
}

func (l Ledger) renderRules(loki bool, dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := l.groupsOf(loki, func(group string, rules []*Rule) error {
		g, err := l.ruleGroup(group, rules)
		if err != nil {
			return err
		}
		files[dir+group+".yaml"], err = marshal(ruleFile{Groups: []ruleGroup{g}})
		return err
	})
	return files, err
}

func (l Ledger) ruleGroup(group string, rules []*Rule) (ruleGroup, error) {
	g := ruleGroup{Name: "tidewatch-" + group}
	for _, r := range rules {
		c, err := r.Compile()
		if err != nil {
			return g, err
		}
		for _, rec := range c.Recordings {
			g.Rules = append(g.Rules, ruleEntry{Record: rec.Record, Expr: rec.Expr, Labels: rec.Labels})
		}
		for _, a := range c.Alertings {
			g.Rules = append(g.Rules, ruleEntry{
				Alert: r.ID, Expr: a.Expr, For: written(a.For), KeepFiringFor: written(a.KeepFiringFor), Labels: r.labels(a), Annotations: l.annotations(r, a),
			})
		}
	}
	return g, nil
}

// written is a duration, or nothing for none.
func written(d Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
