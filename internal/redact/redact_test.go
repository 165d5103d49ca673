package redact

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// every is the set of all classes.
func every(t testing.TB) Set {
	t.Helper()
	s, err := ParseClasses([]string{"secrets", "pii", "ipv4", "ipv6"})
	require.NoError(t, err)
	return s
}

func secretsOnly(t testing.TB) Set {
	t.Helper()
	s, err := ParseClasses([]string{"secrets"})
	require.NoError(t, err)
	return s
}

func newRedactor(t testing.TB, s Settings) *Redactor {
	t.Helper()
	r, err := New(s)
	require.NoError(t, err)
	return r
}

// TestLines runs testdata/lines.txt: in ‹marks› is what must be found, and nothing else is.
// Long tokens are put together here, since scanners of source trees take them for real: a
// + between two parts is left out.
func TestLines(t *testing.T) {
	f, err := os.Open("testdata/lines.txt")
	require.NoError(t, err)
	defer f.Close()
	p := newRedactor(t, Settings{Classes: every(t).Without(1<<IPv4 | 1<<IPv6), Action: Label}).NewPass()
	section := ""
	for in, n := bufio.NewScanner(f), 1; in.Scan(); n++ {
		line := strings.ReplaceAll(in.Text(), "~+~", "")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "== "); ok {
			section = name
			continue
		}
		line = strings.ReplaceAll(line, `␤`, "\n")
		text := strings.NewReplacer("‹", "", "›", "").Replace(line)
		var got strings.Builder
		from := 0
		for _, span := range p.Find(text) {
			require.Equal(t, section, p.r.names[span.Class], "line %d: %q as %q", n, text, text[span.Start:span.End])
			got.WriteString(text[from:span.Start] + "‹" + text[span.Start:span.End] + "›")
			from = span.End
		}
		require.Equal(t, line, got.String()+text[from:], "line %d", n)

		out, _ := p.Text(text)
		again, changed := p.Text(out)
		require.False(t, changed, "line %d: redacting twice changes %q to %q", n, out, again)
	}
}

func TestActions(t *testing.T) {
	email, err := ParseClasses([]string{"email", "password", "iban"})
	require.NoError(t, err)
	r := newRedactor(t, Settings{
		Classes: email, HashKey: []byte("0123456789abcdef"),
		Actions: map[string]Action{"email": Hash, "iban": Label, "ticket": Drop}, Patterns: []Pattern{{"ticket", `TICKET-(\d+)`}},
		Allow:    []string{"*@example.com", "changeme"},
		DenyKeys: []string{"*.nickname"}, AllowKeys: []string{"git.*"},
	})
	p := r.NewPass()
	text := func(in string) string { out, _ := p.Text(in); return out }
	require.Equal(t, "from <EMAIL:c731fb119b92932d> to <EMAIL:c731fb119b92932d>", text("from jo@corp.test to jo@corp.test"))
	require.Equal(t, "noreply@example.com password=changeme", text("noreply@example.com password=changeme"))
	require.Equal(t, "password=**** <IBAN>", text("password=hunter2 DE89 3704 0044 0532 0130 00"))
	require.Equal(t, "see TICKET-****, password=****", text("see TICKET-4711, password=x1"))
	require.Equal(t, []int{0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 1}, p.Counts)
	require.Equal(t, Set(1<<Password|1<<Email|1<<IBAN|1<<numClasses), p.Mark())
	require.Zero(t, p.Mark())

	for _, tc := range []struct {
		key, in, out  string
		changed, drop bool
	}{
		{"db.password", "hunter2", "****", true, false},
		{"dbPassword", "12345", "****", true, false},
		{"user.Nickname", "joe", "****", true, false},
		{"git.author", "jo@corp.test", "jo@corp.test", false, false},
		{"note", "TICKET-12", "TICKET-****", true, true},
		{"token.count", "123456789012", "123456789012", false, false},
	} {
		out, changed, drop := p.Value(tc.key, tc.in)
		require.Equal(t, tc.out, out, tc.key)
		require.Equal(t, []bool{tc.changed, tc.drop}, []bool{changed, drop}, tc.key)
	}
}

func TestKeyedNumbers(t *testing.T) {
	p := newRedactor(t, Settings{Classes: every(t)}).NewPass()
	for _, tc := range []struct {
		key  string
		n    int64
		want string
	}{
		{"password", 12345, "****"},
		{"card", 4111111111111111, "****"},
		{"order_id", 4111111111111111, ""},
		{"time", 1763769600123456789, ""},
		{"token", 12, ""},
		{"n", 42, ""},
	} {
		out, changed, _ := p.Number(tc.key, tc.n)
		require.Equal(t, tc.want, out, tc.key)
		require.Equal(t, tc.want != "", changed, tc.key)
	}
	_, changed, _ := p.Value("order_id", "4111111111111111")
	require.False(t, changed)
	_, changed, _ = p.Value("pan", "4111111111111111")
	require.True(t, changed)
}

func TestPrivateKeyOverLines(t *testing.T) {
	p := newRedactor(t, Settings{Classes: secretsOnly(t)}).NewPass()
	line := func(in string) string { out, _ := p.Line(in); return out }
	require.Equal(t, "key: ****", line("key: -----BEGIN RSA PRIVATE "+"KEY-----"))
	require.Equal(t, "****", line("MIIEowIBAAKCAQEAx"))
	require.Equal(t, "**** done", line("-----END RSA PRIVATE "+"KEY----- done"))
	require.Equal(t, "abc", line("abc"))
	line("-----BEGIN PRIVATE " + "KEY-----")
	require.Equal(t, "2026-11-22 it was cut", line("2026-11-22 it was cut"), "what is no line of a key ends it")
	require.Equal(t, "abc", line("abc"))
	line("-----BEGIN PRIVATE " + "KEY-----")
	p.NextSource()
	require.Equal(t, "abc", line("abc"))
}

func TestSettings(t *testing.T) {
	for want, s := range map[string]Settings{
		"hash needs a key of at least 16 bytes":             {Action: Hash, HashKey: []byte("short")},
		"the name \"A b\" must be of lower case":            {Patterns: []Pattern{{"A b", "x"}}},
		"there is a class \"card\" already":                 {Patterns: []Pattern{{"card", "x"}}},
		"x: error parsing regexp":                           {Patterns: []Pattern{{"x", "("}}},
		"x matches the empty text":                          {Patterns: []Pattern{{"x", "a*"}}},
		"x is longer than 1000 bytes":                       {Patterns: []Pattern{{"x", strings.Repeat("a", 1001)}}},
		"at most 32":                                        {Patterns: make([]Pattern, 33)},
		"\"mail\" is neither a class nor one of your patte": {Actions: map[string]Action{"mail": Hash}},
	} {
		_, err := New(s)
		require.ErrorContains(t, err, want)
	}
	_, err := ParseClasses([]string{"mail"})
	require.ErrorContains(t, err, `"mail" is no class; use secrets, pii, authorization`)
	_, err = ParseAction("encrypt")
	require.ErrorContains(t, err, `"encrypt" must be one of mask, hash`)
	require.True(t, Known("pii") && Known("card") && !Known("key") && !Known("x"))
}

// FuzzRedact: whatever the text, spans are in order and within it, nothing allocates where
// nothing is found, and a second look at what is masked finds no more of what was found.
func FuzzRedact(f *testing.F) {
	b, err := os.ReadFile("testdata/lines.txt")
	require.NoError(f, err)
	for line := range strings.SplitSeq(string(b), "\n") {
		f.Add(strings.NewReplacer("‹", "", "›", "", "~+~", "").Replace(line))
	}
	r := newRedactor(f, Settings{Classes: every(f), Patterns: []Pattern{{"own", `a(b)c`}}})
	f.Fuzz(func(t *testing.T, s string) {
		p := r.NewPass()
		last := 0
		for _, span := range p.Find(s) {
			require.GreaterOrEqual(t, span.Start, last)
			require.Greater(t, span.End, span.Start)
			require.LessOrEqual(t, span.End, len(s))
			last = span.End
		}
		out, changed := p.Text(s)
		require.Equal(t, changed, last > 0)
		if changed {
			require.Contains(t, out, mask)
		} else {
			require.Equal(t, s, out)
		}
		p.Number(s, 4111111111111111)
		p.Value(s, s)
		p.Line(s)
		p.Line(s)
	})
}
