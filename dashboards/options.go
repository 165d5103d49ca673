package dashboards

// StatOptions is how single numbers are shown.
type StatOptions struct {
	GraphMode     string `json:"graphMode"`
	ColorMode     string `json:"colorMode"`
	JustifyMode   string `json:"justifyMode"`
	TextMode      string `json:"textMode"`
	WideLayout    bool   `json:"wideLayout"`
	ReduceOptions Reduce `json:"reduceOptions"`
	Orientation   string `json:"orientation"`
}

// Reduce makes one number of a series.
type Reduce struct {
	Values bool     `json:"values"`
	Calcs  []string `json:"calcs"`
	Fields string   `json:"fields"`
}

// ChartOptions is how a chart over time is shown.
type ChartOptions struct {
	Legend  Legend  `json:"legend"`
	Tooltip Tooltip `json:"tooltip"`
}

// Legend names the series of a chart.
type Legend struct {
	DisplayMode string   `json:"displayMode"`
	Placement   string   `json:"placement"`
	ShowLegend  bool     `json:"showLegend"`
	SortBy      string   `json:"sortBy,omitempty"`
	SortDesc    bool     `json:"sortDesc,omitempty"`
	Calcs       []string `json:"calcs"`
}

// Tooltip is what is shown beside the pointer.
type Tooltip struct {
	Mode string `json:"mode"`
	Sort string `json:"sort"`
}

// TableOptions is how a table is shown.
type TableOptions struct {
	ShowHeader bool     `json:"showHeader"`
	CellHeight string   `json:"cellHeight"`
	SortBy     []SortBy `json:"sortBy,omitempty"`
	Footer     Footer   `json:"footer"`
}

// SortBy orders a table by a column.
type SortBy struct {
	DisplayName string `json:"displayName"`
	Desc        bool   `json:"desc"`
}

// Footer is a table's last row.
type Footer struct {
	Show    bool     `json:"show"`
	Reducer []string `json:"reducer"`
}

// LogsOptions is how lines are shown.
type LogsOptions struct {
	ShowTime           bool   `json:"showTime"`
	ShowLabels         bool   `json:"showLabels"`
	ShowCommonLabels   bool   `json:"showCommonLabels"`
	WrapLogMessage     bool   `json:"wrapLogMessage"`
	PrettifyLogMessage bool   `json:"prettifyLogMessage"`
	EnableLogDetails   bool   `json:"enableLogDetails"`
	SortOrder          string `json:"sortOrder"`
	DedupStrategy      string `json:"dedupStrategy"`
}
