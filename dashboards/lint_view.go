package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// seen is what Lint looks at in a dashboard; all else in it may be anything.
type seen struct {
	// Dashboard is the dashboard where it is wrapped, as Grafana's API does.
	Dashboard   *seen             `json:"dashboard"`
	UID         string            `json:"uid"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Inputs      []json.RawMessage `json:"__inputs"`
	Panels      []seenPanel       `json:"panels"`
	Templating  struct {
		List []seenVariable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []seenAnnotation `json:"list"`
	} `json:"annotations"`
}

type seenVariable struct {
	Type       string          `json:"type"`
	Name       string          `json:"name"`
	DataSource seenSource      `json:"datasource"`
	Query      json.RawMessage `json:"query"`
}

type seenAnnotation struct {
	Name       string     `json:"name"`
	BuiltIn    int        `json:"builtIn"`
	DataSource seenSource `json:"datasource"`
	Expr       string     `json:"expr"`
	Query      anyText    `json:"query"`
}

type seenPanel struct {
	ID          int          `json:"id"`
	Type        string       `json:"type"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	DataSource  seenSource   `json:"datasource"`
	GridPos     GridPos      `json:"gridPos"`
	Targets     []seenTarget `json:"targets"`
	Panels      []seenPanel  `json:"panels"`
	Library     *struct{}    `json:"libraryPanel"`
	FieldConfig struct {
		Defaults struct {
			Unit   string     `json:"unit"`
			Links  []DataLink `json:"links"`
			Custom struct {
				FillBelowTo string `json:"fillBelowTo"`
			} `json:"custom"`
		} `json:"defaults"`
		Overrides []struct {
			Matcher    Matcher `json:"matcher"`
			Properties []struct {
				ID    string          `json:"id"`
				Value json.RawMessage `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Links []DataLink `json:"links"`

	parent int // the id of the row that holds it, 0 for none
}

type seenTarget struct {
	RefID        string     `json:"refId"`
	DataSource   seenSource `json:"datasource"`
	Expr         string     `json:"expr"`
	Query        anyText    `json:"query"`
	LegendFormat string     `json:"legendFormat"`
	Alias        string     `json:"alias"`
}

// seenSource is a data source: a structure, or a name as old dashboards have it.
type seenSource struct{ Type, UID string }

// UnmarshalJSON takes both.
func (s *seenSource) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte(`"`)) {
		return json.Unmarshal(b, &s.UID)
	}
	var v struct{ Type, UID string }
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*s = v
	return nil
}

// anyText is a string; what else stands there is left out.
type anyText string

// UnmarshalJSON takes anything.
func (t *anyText) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte(`"`)) {
		return json.Unmarshal(b, (*string)(t))
	}
	return nil
}

// all returns the panels, those in rows too.
func (b *seen) all() []seenPanel {
	var all []seenPanel
	for i := range b.Panels {
		all = append(all, b.Panels[i])
		for _, p := range b.Panels[i].Panels {
			p.parent = b.Panels[i].ID
			all = append(all, p)
		}
	}
	return all
}

// name is how a person finds the panel.
func (p *seenPanel) name() string {
	if p.Title == "" {
		return fmt.Sprintf("panel %d", p.ID)
	}
	return fmt.Sprintf("panel %d %q", p.ID, p.Title)
}

func (p *seenPanel) overlaps(o *seenPanel) bool {
	a, b := p.GridPos, o.GridPos
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}
