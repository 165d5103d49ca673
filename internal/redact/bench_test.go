package redact

import (
	"regexp"
	"testing"
)

const plainLine = `2026-11-22T00:31:11.123456Z INFO [http-nio-8080-exec-4] c.e.orders.OrderService : order 83741 accepted for customer=5512 items=3 total=118.90 trace=4bf92f3577b34da6a3ce929d0e0e4736 took 12 ms path=/x`

const secretLine = `2026-11-22T00:31:11.123456Z INFO [http-nio-8080-exec-4] c.e.orders.OrderService : login of alice with password=hunter2 from 10.1.2.3 trace=4bf92f3577b34da6a3ce929d0e0e4736 session started in 12 ms`

func BenchmarkText(b *testing.B) {
	pii, err := ParseClasses([]string{"secrets", "pii"})
	if err != nil {
		b.Fatal(err)
	}
	for _, tc := range []struct {
		name, line string
		classes    Set
	}{
		{"secrets/none", plainLine, secretsOnly(b)},
		{"secrets/found", secretLine, secretsOnly(b)},
		{"pii/none", plainLine, pii},
	} {
		b.Run(tc.name, func(b *testing.B) {
			p := newRedactor(b, Settings{Classes: tc.classes}).NewPass()
			b.SetBytes(int64(len(tc.line)))
			b.ReportAllocs()
			for b.Loop() {
				p.Text(tc.line)
			}
		})
	}
}

// BenchmarkExpressions is the usual way for comparison: one regular expression per class,
// one after the other, for the classes that "secrets" stands for.
func BenchmarkExpressions(b *testing.B) {
	var list []*regexp.Regexp
	for _, e := range secretExpressions {
		list = append(list, regexp.MustCompile(e))
	}
	b.SetBytes(int64(len(plainLine)))
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range list {
			if e.MatchString(plainLine) {
				b.Fatal("matches")
			}
		}
	}
}

var secretExpressions = []string{
	`(?i)(?:password|passwd|pwd|secret|token|api[_-]?key)["']?\s*[:=]\s*["']?[^\s"'&,;]+`,
	`(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{12,}`,
	`://[^\s/:@]*:[^\s/@]+@`,
	`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
	`\b(?:AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})`,
	`\b(?:gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{40,})`,
	`\bgl(?:pat|dt|rt|cbt|ptt|ft)-[\w-]{20,}`,
	`\b(?:xox[abeoprs]|xapp)-[\w-]{10,}`,
	`\b(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,}`,
	`\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
	`-----BEGIN [A-Z ]*PRIVATE KEY-----`,
}
