package alerts

type customResource struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       ruleFile `yaml:"spec"`
}

type metadata struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels,omitempty"`
}

// RenderOperator renders operator/<group>.yaml: a PrometheusRule for each group, with the labels by which most
// installations of the operator select rules.
func RenderOperator(l Ledger) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := l.groupsOf(false, func(group string, rules []*Rule) error {
		g, err := l.ruleGroup(group, rules)
		if err != nil {
			return err
		}
		files["operator/"+group+".yaml"], err = marshal(customResource{
			APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule",
			Metadata: metadata{Name: "tidewatch-" + group, Labels: map[string]string{"app.kubernetes.io/name": "tidewatch", "prometheus": "k8s", "role": "alert-rules"}},
			Spec:     ruleFile{Groups: []ruleGroup{g}},
		})
		return err
	})
	return files, err
}
