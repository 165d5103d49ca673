package pdatajson_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

func TestAppendStringEqualsEncodingJSON(t *testing.T) {
	for _, s := range []string{
		"", "plain", "exactly8", "a longer line of plain text, 0123456789", `"`, `\`, "12345678\"", "1234567\\", "tab\tnl\ncr\r",
		"\x00\x1f\x7f", "grüße aus köln", "日本語", "bad \xff utf8", "cut \xe6\x97", strings.Repeat("x", 7) + "\u2028", "😀",
	} {
		got := pdatajson.AppendString([]byte("p"), s)
		require.Equal(t, byte('p'), got[0])
		var back string
		require.NoError(t, json.Unmarshal(got[1:], &back), "%q", s)
		require.Equal(t, strings.ToValidUTF8(replaceEach(s), "\ufffd"), back)
	}
}

// replaceEach makes one U+FFFD of each byte that is not UTF-8, as the encoder does.
func replaceEach(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

func FuzzAppendString(f *testing.F) {
	f.Add("a\"b\\c\nd\xffe")
	f.Fuzz(func(t *testing.T, s string) {
		got := pdatajson.AppendString(nil, s)
		require.True(t, utf8.Valid(got))
		var back string
		require.NoError(t, json.Unmarshal(got, &back))
		require.Equal(t, replaceEach(s), back)
	})
}

func TestAppendMap(t *testing.T) {
	m := pcommon.NewMap()
	m.PutStr("s", "v")
	m.PutInt("i", math.MinInt64)
	m.PutDouble("whole", 2)
	m.PutDouble("big", 1e300)
	m.PutDouble("nan", math.NaN())
	m.PutBool("b", true)
	m.PutEmpty("none")
	m.PutStr("", "unnamed")
	m.PutEmptyBytes("raw").FromRaw([]byte{1, 2, 3})
	sl := m.PutEmptySlice("list")
	sl.AppendEmpty().SetInt(1)
	sl.AppendEmpty().SetEmptyMap().PutStr("k", "v")
	require.Equal(t,
		`{"s":"v","i":-9223372036854775808,"whole":2.0,"big":1e+300,"nan":null,"b":true,"none":null,"<empty>":"unnamed","raw":"AQID","list":[1,{"k":"v"}]}`,
		string(pdatajson.AppendMap(nil, m)))
}

func TestAppendMapWritesARepeatedKeyOnce(t *testing.T) {
	var u plog.JSONUnmarshaler // pdata itself has no call that repeats a key, but what arrives by OTLP may
	ld, err := u.UnmarshalLogs([]byte(`{"resourceLogs":[{"resource":{"attributes":[
		{"key":"a","value":{"stringValue":"first"}},{"key":"b","value":{"intValue":"1"}},{"key":"a","value":{"intValue":"2"}},{"key":"a"}]}}]}`))
	require.NoError(t, err)
	require.Equal(t, `{"a":"first","b":1}`, string(pdatajson.AppendMap(nil, ld.ResourceLogs().At(0).Resource().Attributes())))
}

func TestAppendValueEndsDeepNesting(t *testing.T) {
	v := pcommon.NewValueEmpty()
	at := v
	for range 200 {
		next := at.SetEmptyMap().PutEmpty("a")
		at = next
	}
	at.SetStr("bottom")
	got := string(pdatajson.AppendValue(nil, v))
	require.True(t, json.Valid([]byte(got)))
	require.Contains(t, got, pdatajson.TooDeep)
}

func BenchmarkAppendString(b *testing.B) {
	line := strings.Repeat("GET /api/v1/orders/12345 took 35 ms; ", 6)
	b.SetBytes(int64(len(line)))
	var buf []byte
	for b.Loop() {
		buf = pdatajson.AppendString(buf[:0], line)
	}
}
