package dashboards

// schemaVersion is that of Grafana 11.6; later versions read it and migrate it by themselves.
const schemaVersion = 41

// Dashboard is Grafana's classic JSON, the part of it that these dashboards use.
// Fields are in the order in which Grafana writes them.
type Dashboard struct {
	UID          string      `json:"uid"`
	Title        string      `json:"title"`
	Description  string      `json:"description"`
	Tags         []string    `json:"tags"`
	Timezone     string      `json:"timezone"`
	Editable     bool        `json:"editable"`
	GraphTooltip int         `json:"graphTooltip"`
	Time         TimeRange   `json:"time"`
	Refresh      string      `json:"refresh"`
	Schema       int         `json:"schemaVersion"`
	Version      int         `json:"version"`
	Links        []Link      `json:"links"`
	Templating   Templating  `json:"templating"`
	Annotations  Annotations `json:"annotations"`
	Panels       []Panel     `json:"panels"`
}

// TimeRange is what a dashboard shows when it is opened.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Templating holds the variables at the top of a dashboard.
type Templating struct {
	List []Variable `json:"list"`
}

// Annotations holds the queries whose results are marked in all charts.
type Annotations struct {
	List []Annotation `json:"list"`
}

// DataSource names a data source by its type and, in these dashboards always, by a variable.
type DataSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Variable is something to choose at the top of a dashboard. Query is a string,
// or for Prometheus and Loki a structure, as Grafana has it.
type Variable struct {
	Type        string      `json:"type"`
	Name        string      `json:"name"`
	Label       string      `json:"label"`
	Description string      `json:"description,omitempty"`
	Hide        int         `json:"hide"`
	DataSource  *DataSource `json:"datasource,omitempty"`
	Query       any         `json:"query,omitempty"`
	Regex       string      `json:"regex,omitempty"`
	Refresh     int         `json:"refresh,omitempty"`
	Sort        int         `json:"sort,omitempty"`
	Multi       bool        `json:"multi"`
	IncludeAll  bool        `json:"includeAll"`
	AllValue    string      `json:"allValue,omitempty"`
	Options     []Choice    `json:"options,omitempty"`
	Current     *Choice     `json:"current,omitempty"`
}

// Choice is a value of a variable; both are a string, or a list of strings where several may be chosen.
type Choice struct {
	Selected bool `json:"selected"`
	Text     any  `json:"text"`
	Value    any  `json:"value"`
}

// Annotation marks what a query finds in all charts of a dashboard.
type Annotation struct {
	Name       string     `json:"name"`
	DataSource DataSource `json:"datasource"`
	Enable     bool       `json:"enable"`
	Hide       bool       `json:"hide"`
	IconColor  string     `json:"iconColor"`
	Expr       string     `json:"expr"`
	Step       string     `json:"step,omitempty"`
	Title      string     `json:"titleFormat,omitempty"`
	Text       string     `json:"textFormat,omitempty"`
	TagKeys    string     `json:"tagKeys,omitempty"`
}

// Link is a way out of a dashboard or a panel.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	URL         string   `json:"url"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	TargetBlank bool     `json:"targetBlank"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
}

// Panel is one chart, number, table or list of lines, or the title of a row.
type Panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	Collapsed       *bool            `json:"collapsed,omitempty"`
	DataSource      *DataSource      `json:"datasource,omitempty"`
	GridPos         GridPos          `json:"gridPos"`
	Interval        string           `json:"interval,omitempty"`
	FieldConfig     *FieldConfig     `json:"fieldConfig,omitempty"`
	Options         any              `json:"options,omitempty"`
	Targets         []Target         `json:"targets,omitempty"`
	Transformations []Transformation `json:"transformations,omitempty"`
	Panels          []Panel          `json:"panels,omitempty"`
}

// GridPos is where a panel is, in units of a 24th of the width and 30 pixels.
type GridPos struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// Target is one query of a panel.
type Target struct {
	RefID      string      `json:"refId"`
	DataSource *DataSource `json:"datasource,omitempty"`
	Hide       bool        `json:"hide,omitempty"`

	// Prometheus and Loki.
	Expr         string `json:"expr,omitempty"`
	Instant      bool   `json:"instant,omitempty"`
	Range        bool   `json:"range,omitempty"`
	Exemplar     bool   `json:"exemplar,omitempty"`
	Format       string `json:"format,omitempty"`
	LegendFormat string `json:"legendFormat,omitempty"`
	Interval     string `json:"interval,omitempty"`
	QueryType    string `json:"queryType,omitempty"`
	MaxLines     int    `json:"maxLines,omitempty"`

	// Elasticsearch; a query may be empty there, which is everything.
	Query      *string       `json:"query,omitempty"`
	Alias      string        `json:"alias,omitempty"`
	TimeField  string        `json:"timeField,omitempty"`
	Metrics    []Aggregation `json:"metrics,omitempty"`
	BucketAggs []Aggregation `json:"bucketAggs,omitzero"`
}

// Aggregation is a step of a query of Elasticsearch.
type Aggregation struct {
	ID       string            `json:"id"`
	Type     string            `json:"type"`
	Field    string            `json:"field,omitempty"`
	Settings map[string]string `json:"settings,omitempty"`
}

// Transformation changes the answers of a panel's queries before they are shown.
type Transformation struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

// FieldConfig says how values are shown.
type FieldConfig struct {
	Defaults  Field      `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Field is how a value is shown: unit, range, colours, links.
type Field struct {
	DisplayName string      `json:"displayName,omitempty"`
	Unit        string      `json:"unit,omitempty"`
	Decimals    *int        `json:"decimals,omitempty"`
	Min         *float64    `json:"min,omitempty"`
	Max         *float64    `json:"max,omitempty"`
	NoValue     string      `json:"noValue,omitempty"`
	Mappings    []Mapping   `json:"mappings,omitempty"`
	Thresholds  *Thresholds `json:"thresholds,omitempty"`
	Color       *Color      `json:"color,omitempty"`
	Links       []DataLink  `json:"links,omitempty"`
	Custom      *Custom     `json:"custom,omitempty"`
}

// Mapping gives values a text and a colour.
type Mapping struct {
	Type    string            `json:"type"`
	Options map[string]Mapped `json:"options"`
}

// Mapped is the text and colour of one value.
type Mapped struct {
	Text  string `json:"text"`
	Color string `json:"color,omitempty"`
	Index int    `json:"index"`
}

// Thresholds colour values; the first step has no value and is the colour below all others.
type Thresholds struct {
	Mode  string      `json:"mode"`
	Steps []Threshold `json:"steps"`
}

// Threshold is the colour from a value on.
type Threshold struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Color chooses a colour: by thresholds, by a palette, or one.
type Color struct {
	Mode       string `json:"mode"`
	FixedColor string `json:"fixedColor,omitempty"`
}

// DataLink leads from a value elsewhere.
type DataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// Custom is what only charts and tables have.
type Custom struct {
	DrawStyle       string           `json:"drawStyle,omitempty"`
	LineWidth       *int             `json:"lineWidth,omitempty"`
	FillOpacity     *int             `json:"fillOpacity,omitempty"`
	ShowPoints      string           `json:"showPoints,omitempty"`
	PointSize       int              `json:"pointSize,omitempty"`
	SpanNulls       bool             `json:"spanNulls,omitempty"`
	FillBelowTo     string           `json:"fillBelowTo,omitempty"`
	AxisSoftMin     *float64         `json:"axisSoftMin,omitempty"`
	AxisSoftMax     *float64         `json:"axisSoftMax,omitempty"`
	Stacking        *Stacking        `json:"stacking,omitempty"`
	ThresholdsStyle *ThresholdsStyle `json:"thresholdsStyle,omitempty"`
	CellOptions     *CellOptions     `json:"cellOptions,omitempty"`
	Width           int              `json:"width,omitempty"`
}

// Stacking puts series on top of one another.
type Stacking struct {
	Mode  string `json:"mode"`
	Group string `json:"group"`
}

// ThresholdsStyle says how a chart shows its thresholds.
type ThresholdsStyle struct {
	Mode string `json:"mode"`
}

// CellOptions is how a table's column is drawn.
type CellOptions struct {
	Type string `json:"type"`
	Mode string `json:"mode,omitempty"`
}

// Override is how the fields that its matcher names are shown.
type Override struct {
	Matcher    Matcher    `json:"matcher"`
	Properties []Property `json:"properties"`
}

// Matcher names fields.
type Matcher struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

// Property is one thing about a field.
type Property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}
