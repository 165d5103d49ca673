// Package query is what the readers of SQL servers have in common: an answer as named
// columns of text, the metrics that columns become, and what becomes of a question that
// the server refuses. Columns are taken by name, and one that a server does not have
// makes no points: that is how one list serves all versions.
package query

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxRows bounds an answer; servers have some hundreds of status lines.
const maxRows = 20_000

// Rows is an answer.
type Rows struct {
	columns map[string]int // by name in lower case
	rows    [][]sql.NullString
}

// Conn is a connection, as of database/sql.
type Conn interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Read asks, and reads at most 20,000 rows.
func Read(ctx context.Context, c Conn, statement string) (Rows, error) {
	answer, err := c.QueryContext(ctx, statement)
	if err != nil {
		return Rows{}, err
	}
	defer answer.Close()
	names, err := answer.Columns()
	if err != nil {
		return Rows{}, err
	}
	r := NewRows(names)
	places := make([]any, len(names))
	for len(r.rows) < maxRows && answer.Next() {
		cells := make([]sql.NullString, len(names))
		for i := range cells {
			places[i] = &cells[i]
		}
		if err := answer.Scan(places...); err != nil {
			return Rows{}, err
		}
		r.rows = append(r.rows, cells)
	}
	return r, answer.Err()
}

// NewRows returns an answer of no rows. Of columns with one name the first counts.
func NewRows(columns []string) Rows {
	r := Rows{columns: make(map[string]int, len(columns))}
	for i, name := range columns {
		name = strings.ToLower(name)
		if _, ok := r.columns[name]; !ok {
			r.columns[name] = i
		}
	}
	return r
}

// Append adds the rows of an answer to the same question.
func (r *Rows) Append(more Rows) {
	if r.columns == nil {
		r.columns = more.columns
	}
	if len(r.columns) == len(more.columns) {
		r.rows = append(r.rows, more.rows...)
	}
}

// Parse reads an answer as a server's own client prints it: the names of columns, then a
// row a line, cells separated by tabs. \N is NULL.
func Parse(text string) (Rows, error) {
	head, body, _ := strings.Cut(strings.TrimRight(text, "\n"), "\n")
	names := strings.Split(head, "\t")
	r := NewRows(names)
	for line := range strings.Lines(body) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(cells) != len(names) {
			return Rows{}, fmt.Errorf("read answer: %d cells below %d columns: %q", len(cells), len(names), line)
		}
		row := make([]sql.NullString, len(cells))
		for i, c := range cells {
			if c != `\N` {
				row[i] = sql.NullString{String: c, Valid: true}
			}
		}
		r.rows = append(r.rows, row)
	}
	return r, nil
}

// Turn makes one row of rows of a name and a value, as of SHOW GLOBAL STATUS.
func (r Rows) Turn() Rows {
	turned := Rows{columns: make(map[string]int, len(r.rows))}
	var values []sql.NullString
	for _, row := range r.rows {
		if len(row) < 2 {
			continue
		}
		name := strings.ToLower(row[0].String)
		if _, ok := turned.columns[name]; !ok {
			turned.columns[name] = len(values)
			values = append(values, row[1])
		}
	}
	if len(values) > 0 {
		turned.rows = [][]sql.NullString{values}
	}
	return turned
}

// Len is the number of rows.
func (r Rows) Len() int { return len(r.rows) }

// Row is a row of an answer.
type Row struct {
	columns map[string]int
	cells   []sql.NullString
}

// Row returns one of Len.
func (r Rows) Row(i int) Row { return Row{r.columns, r.rows[i]} }

// First returns the first row, or one without any cells.
func (r Rows) First() Row {
	if len(r.rows) == 0 {
		return Row{}
	}
	return r.Row(0)
}

// Cut returns the first n rows and those after them.
func (r Rows) Cut(n int) (named, rest Rows) {
	n = min(max(n, 0), len(r.rows))
	return Rows{r.columns, r.rows[:n]}, Rows{r.columns, r.rows[n:]}
}

// Where returns the rows that a function chooses.
func (r Rows) Where(choose func(Row) bool) Rows {
	chosen := Rows{columns: r.columns}
	for i, cells := range r.rows {
		if choose(r.Row(i)) {
			chosen.rows = append(chosen.rows, cells)
		}
	}
	return chosen
}

// Text returns a cell; ok is false where there is no such column, or NULL.
func (r Row) Text(column string) (text string, ok bool) {
	i, ok := r.columns[column]
	if !ok || i >= len(r.cells) {
		return "", false
	}
	return r.cells[i].String, r.cells[i].Valid
}

// String is Text, or nothing.
func (r Row) String(column string) string {
	text, _ := r.Text(column)
	return text
}

// Number returns a cell that holds a finite number, or a yes or no as 1 or 0.
func (r Row) Number(column string) (v float64, ok bool) {
	text, ok := r.Text(column)
	if !ok {
		return 0, false
	}
	switch strings.ToLower(text) {
	case "on", "yes", "t", "true":
		return 1, true
	case "off", "no", "f", "false":
		return 0, true
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}
