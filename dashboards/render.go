package dashboards

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// All returns the dashboards, in the order in which a person would read them. The
// caller owns them.
func All() []*Dashboard {
	return []*Dashboard{
		host(), kubernetesNodes(), kubernetesPods(), services(), logsLoki(), logsElasticsearch(),
		anomalies(), incidentsLoki(), incidentsElasticsearch(), agent(),
		nginx(), redis(), postgresql(), mysql(), jvm(),
	}
}

// Choose makes uid the data source that a dashboard begins with, by the name of its
// variable: prometheus, loki, elasticsearch or tempo. A name of type:uid changes the type,
// too: tempo may become jaeger. Names that no dashboard knows are an error.
func Choose(boards []*Dashboard, uids map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(uids)) {
		known := false
		kind, uid, typed := strings.Cut(uids[name], ":")
		if !typed {
			uid = uids[name]
		}
		for _, d := range boards {
			for i := range d.Templating.List {
				v := &d.Templating.List[i]
				if v.Type != "datasource" || v.Name != name {
					continue
				}
				known = true
				v.Current = &Choice{Selected: true, Text: uid, Value: uid}
				if typed {
					v.Query = kind
				}
			}
		}
		if !known {
			return fmt.Errorf("no dashboard has a data source %q; there are prometheus, loki, elasticsearch and tempo", name)
		}
	}
	return nil
}

// FileName is the name of a dashboard's file.
func (d *Dashboard) FileName() string { return strings.TrimPrefix(d.UID, "tidewatch-") + ".json" }

// JSON is the dashboard as Grafana imports it. Equal dashboards give equal bytes.
func (d *Dashboard) JSON() []byte { return encode(d, "  ") }

func encode(v any, indent string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		panic(err) // structures of strings and numbers only
	}
	return b.Bytes()
}

// Find returns the dashboard with the uid, or nil.
func Find(boards []*Dashboard, uid string) *Dashboard {
	i := slices.IndexFunc(boards, func(d *Dashboard) bool { return cmp.Compare(d.UID, uid) == 0 })
	if i < 0 {
		return nil
	}
	return boards[i]
}
