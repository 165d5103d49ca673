package logformat_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

func TestStampsAreWrittenAsTheStandardLibraryDoes(t *testing.T) {
	for _, wall := range []int64{0, 1, -1, 951782399, 951782400, 951868800, 1773094498, 4102444799, -62135596800, 68169600} {
		for _, nanos := range []int32{0, 1, 999999999, 123000000, 120} {
			at := time.Unix(wall, int64(nanos)).UTC()
			s := logformat.Stamp{Wall: wall, Nanos: nanos, OK: true}
			require.Equal(t, at.Format("2006-01-02T15:04:05.999999999"), string(s.AppendRFC3339(nil)))
			s.Zoned = true
			require.Equal(t, at.Format(time.RFC3339Nano), string(s.AppendRFC3339(nil)))
			for _, offset := range []int{5*3600 + 30*60, -8 * 3600} {
				s.Offset = int32(offset)
				require.Equal(t, at.Add(-time.Duration(offset)*time.Second).In(time.FixedZone("", offset)).Format(time.RFC3339Nano), string(s.AppendRFC3339(nil)))
			}
		}
	}
	require.Empty(t, logformat.Stamp{}.AppendRFC3339(nil))
}

func TestEveryByteSurvivesTheEncoding(t *testing.T) {
	for c := range 256 {
		for at := range 17 {
			body := []byte(strings.Repeat("x", 17))
			body[at] = byte(c)
			r := logformat.Record{Body: string(body)}
			var got struct{ Body string }
			require.NoError(t, json.Unmarshal(r.AppendJSON(nil, 1, 1), &got))
			require.Equal(t, strings.ToValidUTF8(string(body), "\ufffd"), got.Body)
		}
	}
}
