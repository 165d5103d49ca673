package history_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/history"
)

func TestCSV(t *testing.T) {
	in := "time,value,label\n1700000000,1.5,0\n1700000060000,x,1\n2023-11-14T22:15:20Z,-3e2\n\n# note\n\"2023-11-14 22:16:20\",4,\n"
	var rows []history.Row
	require.NoError(t, history.CSV(strings.NewReader(in), func(r history.Row) error {
		rows = append(rows, r)
		return nil
	}))
	require.Len(t, rows, 4)
	for i, r := range rows {
		require.True(t, start.Add(time.Duration(i)*time.Minute).Equal(r.Time), "row %d: %s", i, r.Time)
	}
	require.Equal(t, 1.5, rows[0].Value)
	require.True(t, rows[0].Labelled)
	require.False(t, rows[0].Label)
	require.True(t, math.IsNaN(rows[1].Value))
	require.True(t, rows[1].Label)
	require.False(t, rows[2].Labelled)
	require.False(t, rows[3].Labelled)
}

func TestCSVErrors(t *testing.T) {
	ok := func(history.Row) error { return nil }
	require.ErrorContains(t, history.CSV(strings.NewReader("1,2\nsoon,3\n"), ok), "read line 2: time is neither")
	require.ErrorContains(t, history.CSV(strings.NewReader("1,2\n3\n"), ok), "read line 2: want time,value")
	mine := errors.New("mine")
	require.ErrorIs(t, history.CSV(strings.NewReader("1,2\n"), func(history.Row) error { return mine }), mine)
	require.ErrorContains(t, history.CSV(strings.NewReader(strings.Repeat("1", 1<<17)), ok), "too long")
}

func TestLabels(t *testing.T) {
	require.Equal(t, "{}", history.Labels{}.String())
	require.Equal(t, "up", history.Labels{"__name__": "up"}.String())
	require.Equal(t, `{a="1",b="2"}`, history.Labels{"b": "2", "a": "1"}.String())
}
