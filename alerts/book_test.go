package alerts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What people write into rules, owners and runbooks is shown as it is written.
func TestBookEscapes(t *testing.T) {
	const hostile = `"><script>alert('x')</script><img src=x onerror=y>`
	shipped, err := Shipped()
	require.NoError(t, err)
	rule := *shipped.Enabled()[0]
	rule.ID, rule.Summary, rule.Description, rule.Response.Action = "X"+hostile, hostile, hostile, hostile
	rule.InhibitedBy, rule.Owner, rule.Runbook = []string{hostile}, "o", "x.md"
	book, err := RenderBook(Ledger{
		Rules: []*Rule{&rule}, Runbooks: map[string]string{"x.md": "## Meaning\n\n" + hostile + "\n\n```\n" + hostile + "\n```\n"},
		Owners: Owners{Owners: map[string]Owner{"o": {Name: hostile, Escalation: hostile}}},
	}, Options{})
	require.NoError(t, err)
	page := string(book["book/index.html"])
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<img")
	require.NotContains(t, page, `"">`, "nothing leaves an attribute")
	require.Equal(t, 13, strings.Count(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
	require.Contains(t, page, "<h3>Meaning</h3>", "HTML of our own stays")
}
