package dashboards

// The functions that describe panels are not inlined: they are called a thousand times, once
// each, and would cost the binary 200 KB.

// stat shows one number of one query, coloured by its thresholds.
//
//go:noinline
func stat(title, description, unit string, query *Target) *Panel {
	p := newPanel("stat", title, description, []*Target{query})
	p.FieldConfig.Defaults.Unit = unit
	p.FieldConfig.Defaults.Color = &Color{Mode: "thresholds"}
	p.FieldConfig.Defaults.Thresholds = steps("blue")
	p.Options = StatOptions{
		GraphMode: "none", ColorMode: "value", JustifyMode: "auto", TextMode: "auto", WideLayout: true, Orientation: "auto",
		ReduceOptions: Reduce{Calcs: []string{"lastNotNull"}},
	}
	return p
}

// chart shows queries over time.
//
//go:noinline
func chart(title, description, unit string, queries ...*Target) *Panel {
	p := newPanel("timeseries", title, description, queries)
	d := &p.FieldConfig.Defaults
	d.Unit = unit
	d.Min = new(float64)
	d.Color = &Color{Mode: "palette-classic"}
	d.Custom = &Custom{DrawStyle: "line", LineWidth: new(1), FillOpacity: new(8), ShowPoints: "auto"}
	p.Options = ChartOptions{
		Legend:  Legend{DisplayMode: "list", Placement: "bottom", ShowLegend: true, Calcs: []string{}},
		Tooltip: Tooltip{Mode: "multi", Sort: "desc"},
	}
	return p
}

// table shows the newest answers of queries, a row for each set of labels.
//
//go:noinline
func table(title, description string, queries ...*Target) *Panel {
	p := newPanel("table", title, description, queries)
	p.FieldConfig.Defaults.Custom = &Custom{CellOptions: &CellOptions{Type: "auto"}}
	p.Options = TableOptions{ShowHeader: true, CellHeight: "sm", Footer: Footer{Reducer: []string{"sum"}}}
	return p
}

// lines shows log lines, newest first.
//
//go:noinline
func lines(title, description string, query *Target) *Panel {
	p := newPanel("logs", title, description, []*Target{query})
	p.Options = LogsOptions{ShowTime: true, WrapLogMessage: true, EnableLogDetails: true, SortOrder: "Descending", DedupStrategy: "none"}
	return p
}

func newPanel(kind, title, description string, queries []*Target) *Panel {
	p := &Panel{Type: kind, Title: title, Description: description, FieldConfig: &FieldConfig{Overrides: []Override{}}, DataSource: queries[0].DataSource}
	for i, q := range queries {
		q.RefID = refID(i)
		p.Targets = append(p.Targets, *q)
	}
	return p
}

// steps makes thresholds of a colour, a value, the next colour, and so on.
func steps(first string, more ...any) *Thresholds {
	t := &Thresholds{Mode: "absolute", Steps: []Threshold{{Color: first}}}
	for i := 0; i+1 < len(more); i += 2 {
		v := more[i].(float64)
		t.Steps = append(t.Steps, Threshold{Color: more[i+1].(string), Value: &v})
	}
	return t
}

// colored sets thresholds: a first colour, a value from which the next one holds, and so on.
//
//go:noinline
func (p *Panel) colored(first string, more ...any) *Panel {
	p.FieldConfig.Defaults.Thresholds = steps(first, more...)
	if p.Type == "timeseries" {
		p.FieldConfig.Defaults.Custom.ThresholdsStyle = &ThresholdsStyle{Mode: "dashed"}
	}
	return p
}

// most sets the end of the scale, for shares.
//
//go:noinline
func (p *Panel) most(v float64) *Panel {
	p.FieldConfig.Defaults.Max = &v
	return p
}

// digits sets the number of decimals.
//
//go:noinline
func (p *Panel) digits(n int) *Panel {
	p.FieldConfig.Defaults.Decimals = &n
	return p
}

// anySign lets the scale begin below zero.
//
//go:noinline
func (p *Panel) anySign() *Panel {
	p.FieldConfig.Defaults.Min = nil
	return p
}

// empty is the text where there is nothing to show, and what to do then.
//
//go:noinline
func (p *Panel) empty(text string) *Panel {
	p.FieldConfig.Defaults.NoValue = text
	return p
}

// leads gives every value links.
//
//go:noinline
func (p *Panel) leads(links ...DataLink) *Panel {
	p.FieldConfig.Defaults.Links = append(p.FieldConfig.Defaults.Links, links...)
	return p
}

// stacked puts series on top of one another.
//
//go:noinline
func (p *Panel) stacked() *Panel {
	p.FieldConfig.Defaults.Custom.Stacking = &Stacking{Mode: "normal", Group: "A"}
	p.FieldConfig.Defaults.Custom.FillOpacity = new(40)
	p.FieldConfig.Defaults.Custom.LineWidth = new(0)
	return p
}

// bars draws bars, for counts of events.
//
//go:noinline
func (p *Panel) bars() *Panel {
	p = p.stacked()
	p.FieldConfig.Defaults.Custom.DrawStyle = "bars"
	p.FieldConfig.Defaults.Custom.FillOpacity = new(80)
	return p
}

// sparkline draws the course behind a number.
//
//go:noinline
func (p *Panel) sparkline() *Panel {
	o := p.Options.(StatOptions)
	o.GraphMode = "area"
	p.Options = o
	return p
}

// override changes the fields of one name.
//
//go:noinline
func (p *Panel) override(field string, props ...Property) *Panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, Override{Matcher: Matcher{ID: "byName", Options: field}, Properties: props})
	return p
}

// transform adds a transformation.
//
//go:noinline
func (p *Panel) transform(id string, options any) *Panel {
	p.Transformations = append(p.Transformations, Transformation{ID: id, Options: options})
	return p
}

// set is one property of an override.
//
//go:noinline
func set(id string, value any) Property { return Property{ID: id, Value: value} }

// banded draws what is usual as a grey area from the legend lower to the legend upper.
//
//go:noinline
func (p *Panel) banded() *Panel {
	grey := set("color", Color{Mode: "fixed", FixedColor: "text"})
	return p.
		override(bandUpper, set("custom.fillBelowTo", bandLower), set("custom.lineWidth", 0), set("custom.fillOpacity", 15), grey).
		override(bandLower, set("custom.lineWidth", 0), set("custom.fillOpacity", 0), grey)
}

// The legends of the edges of a band.
const (
	bandUpper = "usual, upper"
	bandLower = "usual, lower"
)
