package dashboards

import "fmt"

// columns is the width of Grafana's grid.
const columns = 24

// board lays panels out from left to right and from top to bottom, and numbers them.
type board struct {
	Dashboard
	x, y, below int
}

// newBoard begins a dashboard. The first row of it answers question.
func newBoard(uid, title, question string, tags ...string) *board {
	return &board{Dashboard: Dashboard{
		UID: uid, Title: title, Description: question, Tags: append([]string{tag}, tags...),
		Timezone: "browser", Editable: true, GraphTooltip: 1, Time: TimeRange{From: "now-3h", To: "now"}, Refresh: "30s", Schema: schemaVersion,
		Links: []Link{
			// The other dashboards, for the same time and with the same host or service.
			{Title: "Tidewatch", Type: "dashboards", Icon: "external link", Tags: []string{tag}, AsDropdown: true, IncludeVars: true, KeepTime: true},
		},
		Templating: Templating{List: []Variable{}}, Annotations: Annotations{List: []Annotation{}}, Panels: []Panel{},
	}}
}

// tag is what the dashboards find one another by.
const tag = "tidewatch"

// tagMiddleware marks those of servers that the middleware receiver reads: who has none of
// a kind has nothing to look at.
const tagMiddleware = "middleware"

// variables declares what the queries below may use.
func (b *board) variables(v ...Variable) { b.Templating.List = append(b.Templating.List, v...) }

// annotate marks what queries find in all charts.
func (b *board) annotate(a ...Annotation) { b.Annotations.List = append(b.Annotations.List, a...) }

// row begins a new row with a title.
func (b *board) row(title string) {
	open := false
	b.newline()
	b.place(&Panel{Type: "row", Title: title, Collapsed: &open, Panels: []Panel{}}, columns, 1)
}

// add puts panels of one size beside one another, in a new line where there is no room.
func (b *board) add(w, h int, panels ...*Panel) {
	for _, p := range panels {
		b.place(p, w, h)
	}
}

func (b *board) place(p *Panel, w, h int) {
	if b.x+w > columns {
		b.newline()
	}
	p.ID = len(b.Panels) + 1
	p.GridPos = GridPos{X: b.x, Y: b.y, W: w, H: h}
	b.x += w
	b.below = max(b.below, b.y+h)
	b.Panels = append(b.Panels, *p)
}

func (b *board) newline() { b.x, b.y = 0, b.below }

// done returns the dashboard.
func (b *board) done() *Dashboard { return &b.Dashboard }

// refID names the queries of a panel A, B, C, and so on.
func refID(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return fmt.Sprintf("A%d", i)
}
