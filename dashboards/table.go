package dashboards

// organize leaves columns of a table out and gives others a name for people.
type organize struct {
	Exclude map[string]bool   `json:"excludeByName"`
	Index   map[string]int    `json:"indexByName"`
	Rename  map[string]string `json:"renameByName"`
}

// sorted orders a table by a column, the largest first.
//
//go:noinline
func (p *Panel) sorted(column string) *Panel {
	o := p.Options.(TableOptions)
	o.SortBy = append(o.SortBy, SortBy{DisplayName: column, Desc: true})
	p.Options = o
	return p
}

// share shows a column as a bar from 0 to 100 %, orange and red from two values on.
//
//go:noinline
func (p *Panel) share(column string, orange, red float64) *Panel {
	return p.override(column, set("unit", "percentunit"), set("min", 0), set("max", 1), set("decimals", 1),
		set("thresholds", steps("green", orange, "orange", red, "red")), set("custom.cellOptions", CellOptions{Type: "gauge", Mode: "basic"}))
}

// shade colours the background of a column from values on.
//
//go:noinline
func (p *Panel) shade(column, unit, first string, more ...any) *Panel {
	return p.override(column, set("unit", unit), set("thresholds", steps(first, more...)), set("custom.cellOptions", CellOptions{Type: "color-background", Mode: "basic"}))
}
