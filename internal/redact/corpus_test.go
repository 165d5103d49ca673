package redact

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maker makes values of a corpus, the same ones in each run.
type maker struct{ *rand.Rand }

func (m maker) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[m.IntN(len(alphabet))]
	}
	return string(b)
}

func (m maker) one(list ...string) string { return list[m.IntN(len(list))] }

const (
	digits10 = "0123456789"
	hex16    = "0123456789abcdef"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	smalls   = "abcdefghijklmnopqrstuvwxyz"
	base62   = smalls + capitals + digits10
	base64u  = base62 + "-_"
)

func (m maker) luhn(prefix string, n int) string {
	s := []byte(prefix + m.of(digits10, n-len(prefix)))
	for c := byte('0'); c <= '9'; c++ {
		s[n-1] = c
		d := make([]byte, n)
		for i := range s {
			d[i] = s[i] - '0'
		}
		if luhn(d) {
			break
		}
	}
	return string(s)
}

func (m maker) iban() string {
	country := m.one("DE22", "FR27", "GB22", "NL18", "ES24", "IT27", "PL28", "CH21")
	var n int
	_, _ = fmt.Sscanf(country[2:], "%d", &n) // it is a number
	bban := m.of(digits10, n-4)
	rest := 0
	for _, c := range bban + country[:2] + "00" {
		if c <= '9' {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return fmt.Sprintf("%s%02d%s", country[:2], 98-rest, bban)
}

func (m maker) password() string {
	return m.of(base62+"!#$%+-./:=?@^_~", 6+m.IntN(14)) + m.of(base62, 2)
}

func (m maker) grouped(s string) string {
	sep := m.one("", " ", "-")
	if len(s) != 16 {
		sep = ""
	}
	var parts []string
	for i := 0; i < len(s); i += 4 {
		parts = append(parts, s[i:min(len(s), i+4)])
	}
	return strings.Join(parts, sep)
}

// secrets are, by class, values and the texts around them.
func (m maker) secret(c Class) (text, value string) {
	around := func(v string, forms ...string) (string, string) {
		return strings.ReplaceAll(m.one(forms...), "@@", v), v
	}
	token := func(v string) (string, string) {
		return around(v, "using @@ for the call", `{"k":"@@","n":1}`, "(@@)", "value @@, next", "export X=@@", "https://h.test/?q=@@&z=1")
	}
	switch c {
	case Password:
		return around(m.password(), "password=@@", `{"id":3,"password":"@@","x":1}`, "user=joe passwd=@@ tries=3", `db_password: "@@"`, "secret_key='@@'",
			`{\"api_key\": \"@@\"}`, "GET /x?a=1&client_secret=@@ HTTP/1.1", "Server=s;Uid=u;Pwd=@@;Timeout=3", "clientSecret => '@@'", "<password>@@</password>", "run --password @@ now",
			"export DB_PASSWORD=@@", "spring.datasource.password=@@", "{user=u, password=@@}")
	case Authorization:
		basic := base64.StdEncoding.EncodeToString([]byte(m.of(smalls, 5) + ":" + m.of(base62, 8)))
		if m.IntN(2) == 0 {
			return around(basic, "Authorization: Basic @@", `"authorization":"Basic @@"`, "sent Basic @@ to it")
		}
		return around(m.of(base64u, 30)+"7a", "Authorization: Bearer @@", `"Authorization":["Bearer @@"]`, "curl -H 'authorization: Bearer @@' x", "got bearer @@ now")
	case URLPassword:
		return around(m.of(base62+"!$._~+-", 12), "postgres://app:@@@db:5432/x", "redis://:@@@r:6379/0", "clone https://bot:@@@git.test/a.git failed", "u:@@@tcp(10.0.0.1:3306)/x", `"url":"amqp://u:@@@h/v"`)
	case AWSKey:
		return token(m.one("AKIA", "ASIA") + m.of(capitals+"234567", 16))
	case GoogleKey:
		return token(m.one("AIza"+m.of(base64u, 34)+"x", "ya29."+m.of(base64u, 60)+"x"))
	case AzureKey:
		return token(m.of(base62, 3) + m.of(digits10, 1) + "Q~" + m.of(base64u, 33) + "x")
	case GitHubToken:
		return token(m.one("ghp_", "gho_", "ghs_") + m.of(base62, 36))
	case GitLabToken:
		return token("glpat-" + m.of(base64u, 19) + "x")
	case SlackToken:
		return token(m.one("xoxb-", "xoxp-") + m.of(digits10, 12) + "-" + m.of(base62, 24))
	case StripeKey:
		return token(m.one("sk_live_", "rk_test_") + m.of(base62, 24))
	case VendorToken:
		return token(m.one("npm_"+m.of(base62, 34)+"1a", "hf_"+m.of(base62, 32)+"1a", "hvs."+m.of(base64u, 90)+"1a", "shpat_"+m.of(hex16, 30)+"1a"))
	case JWT:
		return token("eyJhbGciOiJ" + m.of(base62, 20) + ".eyJ" + m.of(base64u, 60) + "." + m.of(base64u, 42) + "x")
	case PrivateKey:
		kind := m.one("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")
		nl := m.one("\n", `\n`)
		return around("-----BEGIN "+kind+"PRIVATE KEY-----"+nl+m.of(base62+"+/", 64)+nl+m.of(base62+"+/", 20)+"=="+nl+"-----END "+kind+"PRIVATE KEY-----", "read @@ ok", `{"pem":"@@"}`)
	case Email:
		return around(m.of(smalls, 5)+m.one(".", "_", "+", "")+m.of(smalls+digits10, 4)+"@"+m.of(smalls, 6)+m.one(".com", ".co.uk", ".de", ".io"),
			"mail to @@ bounced", "user=@@ id=1", `"email":"@@"`, "<@@>", "GET /u?mail=@@&x=1", "from @@, to nobody", "sent to @@.")
	case Card:
		return around(m.grouped(m.luhn(m.one("4", "51", "55", "6011", "2221"), 16)), "card @@ declined", `"pan":"@@"`, "pay with @@.", "card_number=@@ exp=12/29")
	case IBAN:
		v := m.iban()
		if m.IntN(2) == 0 {
			var parts []string
			for i := 0; i < len(v); i += 4 {
				parts = append(parts, v[i:min(len(v), i+4)])
			}
			v = strings.Join(parts, " ")
		}
		return around(v, "transfer to @@.", `"iban":"@@"`, "iban=@@, bic=X")
	case SSN:
		return around(fmt.Sprintf("%03d-%02d-%04d", 1+m.IntN(665), 1+m.IntN(99), 1+m.IntN(9999)), "ssn @@ given", `"ssn":"@@"`, "ssn=@@;")
	default: // Phone
		return around(m.one("+49 30 "+m.of(digits10, 7), "+1 212 555 0"+m.of(digits10, 3), "+44"+m.of("123456789", 10), "(415) 555-"+m.of(digits10, 4)), "call @@ back", `"phone":"@@"`, "tel=@@ ok")
	}
}

// harmless are lines full of numbers and ids.
func (m maker) harmless() string {
	uuid := m.of(hex16, 8) + "-" + m.of(hex16, 4) + "-4" + m.of(hex16, 3) + "-a" + m.of(hex16, 3) + "-" + m.of(hex16, 12)
	stamp := fmt.Sprintf("2026-%02d-%02dT%02d:%02d:%02d.%sZ", 1+m.IntN(12), 1+m.IntN(28), m.IntN(24), m.IntN(60), m.IntN(60), m.of(digits10, 6))
	n := func(k int) string { return m.of("123456789", 1) + m.of(digits10, k-1) }
	return m.one(
		stamp+" INFO trace="+m.of(hex16, 32)+" span="+m.of(hex16, 16)+" took "+n(3)+"ms",
		"commit "+m.of(hex16, 40)+" by ci, image sha256:"+m.of(hex16, 64),
		"request "+uuid+" from 10."+n(2)+".1."+n(2)+":"+n(5)+" v1."+n(2)+"."+n(1),
		"order "+n(12)+" item "+n(8)+" at "+n(10)+" (ms "+n(13)+", us 17"+n(14)+", ns 17"+n(17)+")",
		"order_id="+n(16)+" offset="+n(16)+" seq:"+n(15),
		"mac "+m.of(hex16, 2)+":"+m.of(hex16, 2)+":"+m.of(hex16, 2)+":"+m.of(hex16, 2)+":"+m.of(hex16, 2)+":"+m.of(hex16, 2)+" fe80::"+m.of(hex16, 4)+":1 at "+stamp,
		"pod web-"+m.of(hex16, 10)+"-"+m.of(smalls, 5)+" container "+m.of(hex16, 64),
		"ObjectId("+m.of(hex16, 24)+") etag "+m.of(base62, 22)+" ulid 01"+m.of(capitals+digits10, 24),
		"user "+n(7)+" logged in, session "+uuid+", build "+n(4)+"."+n(2)+"."+n(3)+"-rc."+n(1),
		"cache_key=user:"+n(8)+":profile max_tokens="+n(4)+" total_tokens: "+n(5)+" token_type=bearer",
		"tracking 1Z"+m.of(capitals+digits10, 16)+" isbn 978-"+n(1)+"-"+n(2)+"-"+n(6)+"-"+n(1)+" invoice 2026-"+n(6),
		"password changed for user "+n(4)+"; token expired; secret not found: default/my-secret",
		m.of(base64u, 43)+" "+m.of(base62+"+/", 40)+" 0x"+m.of(hex16, 16),
		"GET /api/v2/users/"+n(9)+"/orders/"+uuid+"?page="+n(2)+"&sort=-id HTTP/1.1 200 "+n(6)+" "+n(2)+"."+n(3),
		"partition 12 lag "+n(9)+" leader epoch "+n(4)+", gps 52.520008,13.404954, price 1,234.56, +"+n(3)+" -"+n(4),
		"date "+fmt.Sprintf("%d/%02d/2026", 1+m.IntN(28), 1+m.IntN(12))+" unix "+n(10)+"."+n(9)+" pid "+n(5)+" tid "+n(15),
	)
}

// TestCorpus prints precision and recall of each class over made texts, and keeps a floor
// under both. A find counts when it covers the value, and is of the right class.
func TestCorpus(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(7, 11))}
	p := newRedactor(t, Settings{Classes: every(t).Without(1<<IPv4 | 1<<IPv6)}).NewPass()
	const each, lines = 500, 20_000
	var asked, found, other [numClasses]int
	for c := Authorization; c <= Phone; c++ {
		for range each {
			text, value := m.secret(c)
			asked[c]++
			at := strings.Index(text, value)
			hidden, first := 0, true
			for _, span := range p.Find(text) {
				if span.Start < at+len(value) && span.End > at {
					hidden += min(span.End, at+len(value)) - max(span.Start, at)
					if first && span.Class != c && span.Class > PrivateKey {
						other[span.Class]++
					}
					first = false
				} else {
					other[span.Class]++
				}
			}
			if hidden == len(value) {
				found[c]++
			} else if testing.Verbose() {
				t.Logf("missed %s %q in %q: %v", p.r.names[c], value, text, p.Find(text))
			}
		}
	}
	hurt := 0
	for range lines {
		line := m.harmless()
		for _, span := range p.Find(line) {
			other[span.Class]++
			hurt++
			if testing.Verbose() {
				t.Logf("took %q for %s in %q", line[span.Start:span.End], p.r.names[span.Class], line)
			}
		}
	}
	for c := Authorization; c <= Phone; c++ {
		recall := float64(found[c]) / float64(asked[c])
		precision := float64(found[c]) / float64(max(1, found[c]+other[c]))
		t.Logf("%-14s recall %.3f precision %.3f", p.r.names[c], recall, precision)
		require.GreaterOrEqual(t, recall, 0.99, p.r.names[c])
		require.GreaterOrEqual(t, precision, 0.99, p.r.names[c])
	}
	t.Logf("%d of %d harmless lines hurt", hurt, lines)
	require.LessOrEqual(t, hurt, lines/10_000)
}
