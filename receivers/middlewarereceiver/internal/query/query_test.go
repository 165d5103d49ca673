package query_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query/querytest"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

var errDenied, errGone = errors.New("permission  denied\nfor view"), errors.New("connection is gone")

func classify(err error) query.Reason {
	if errors.Is(err, errDenied) {
		return query.Refused
	}
	if errors.Is(err, errGone) {
		return query.Broken
	}
	return query.Failed
}

// server answers every statement alike.
type server struct {
	err  error
	rows [][]driver.Value
}

func (s *server) Connect(context.Context) (driver.Conn, error) { return s, nil }
func (s *server) Driver() driver.Driver                        { return nil }
func (s *server) Prepare(string) (driver.Stmt, error)          { return nil, errors.ErrUnsupported }
func (s *server) Close() error                                 { return nil }
func (s *server) Begin() (driver.Tx, error)                    { return nil, errors.ErrUnsupported }
func (s *server) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &answer{s.rows}, s.err
}

type answer struct{ rows [][]driver.Value }

func (a *answer) Columns() []string { return []string{"Name", "VALUE", "name"} }
func (a *answer) Close() error      { return nil }
func (a *answer) Next(to []driver.Value) error {
	if len(a.rows) == 0 {
		return io.EOF
	}
	copy(to, a.rows[0])
	a.rows = a.rows[1:]
	return nil
}

func ask(t *testing.T, s *server) *sql.DB {
	db := sql.OpenDB(s)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestAnAnswerIsReadByTheNamesOfItsColumns(t *testing.T) {
	rows, err := query.Read(t.Context(), ask(t, &server{rows: [][]driver.Value{{"a", int64(7), "x"}, {"b", nil, "y"}, {"c", true, "z"}, {"d", "NaN", ""}}}), "?")
	require.NoError(t, err)
	require.Equal(t, 4, rows.Len())
	require.Equal(t, "a", rows.Row(0).String("name"))
	for i, want := range []float64{7, 0, 1, 0} {
		v, ok := rows.Row(i).Number("value")
		require.Equal(t, i%2 == 0, ok)
		require.InDelta(t, want, v, 0)
	}
	_, ok := rows.Row(0).Text("missing")
	require.False(t, ok)
	_, ok = query.Rows{}.First().Text("missing")
	require.False(t, ok)
	turned := rows.Turn()
	require.Equal(t, "7", turned.First().String("a"))
	named, rest := rows.Cut(3)
	require.Equal(t, []int{3, 1}, []int{named.Len(), rest.Len()})
}

func TestAHugeAnswerIsCut(t *testing.T) {
	many := make([][]driver.Value, 30_000)
	for i := range many {
		many[i] = []driver.Value{"a", int64(i), "x"}
	}
	rows, err := query.Read(t.Context(), ask(t, &server{rows: many}), "?")
	require.NoError(t, err)
	require.Equal(t, 20_000, rows.Len())
}

func TestWhatIsRefusedIsCountedAndToldOnce(t *testing.T) {
	s := &server{err: errDenied}
	db := ask(t, s)
	a := query.Asker{Classify: classify}
	q := query.Query{Name: "locks", SQL: "?", Grant: "GRANT x TO y;", Write: func(b source.Batch, rows query.Rows) {
		query.Write(b, rows, []query.Column{{Name: "value", Metric: query.Metric{Name: "n", Unit: "By"}, Factor: 2}}, nil)
	}}
	b, _ := querytest.Batch(t, "mysql")
	for range 3 {
		require.NoError(t, a.Write(t.Context(), db, b, []query.Query{q}))
	}
	require.Equal(t, []string{"no metrics about locks: a right is missing; run GRANT x TO y; (the server said: permission denied for view)"}, a.News())
	require.Empty(t, a.News())
	require.True(t, a.Lacks())

	s.err, s.rows = nil, [][]driver.Value{{"a", int64(21), "x"}}
	b, md := querytest.Batch(t, "mysql")
	require.NoError(t, a.Write(t.Context(), db, b, []query.Query{q}))
	a.WriteFailures(b)
	require.False(t, a.Lacks())
	require.Equal(t, []string{
		`middleware.query.failures{query="locks",reason="refused"} 3 {query} counter`,
		`n{} 42 By gauge`,
	}, querytest.Lines(t, md))

	s.err = errDenied
	require.NoError(t, a.Write(t.Context(), db, b, []query.Query{q}))
	require.Len(t, a.News(), 1, "it is told again after it was well")
}

func TestABrokenConnectionEndsTheReading(t *testing.T) {
	a := query.Asker{Classify: classify}
	b, _ := querytest.Batch(t, "mysql")
	require.ErrorIs(t, a.Write(t.Context(), ask(t, &server{err: errGone}), b, []query.Query{{Name: "one"}, {Name: "two"}}), errGone)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, a.Failed(ended, query.Query{Name: "one"}, errDenied))
	require.Empty(t, a.News())
}

func TestAThingThatIsMissingWithoutAnErrorIsToldOnce(t *testing.T) {
	var a query.Asker
	a.Tell("hidden", "")
	a.Tell("hidden", "grant it")
	a.Tell("hidden", "grant it")
	require.Equal(t, []string{"grant it"}, a.News())
	a.Tell("hidden", "")
	a.Tell("hidden", "grant it")
	require.Equal(t, []string{"grant it"}, a.News())
}

func TestNoSecretInAnError(t *testing.T) {
	err := query.Redact(&source.RefusedError{Hint: "set it", Err: errors.New("dial user:hunter2@db")}, "hunter2")
	require.EqualError(t, err, "dial user:****@db: set it")
	var refused *source.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, errGone, query.Redact(errGone, "hunter2"))
	require.NoError(t, query.Redact(nil, "x"))
	require.Equal(t, errGone, query.Redact(errGone, ""))
}

func TestARecordingMustBeWhole(t *testing.T) {
	_, err := query.Parse("a\tb\n1\n")
	require.ErrorContains(t, err, "1 cells below 2 columns")
}
