package alerts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo\n\nthree":               "<p>one two</p>\n<p>three</p>\n",
		"# A\n####### b":                  "<h2>A</h2>\n<p>####### b</p>\n",
		"- a\n  b\n- c\n\nd":              "<ul>\n<li>a b</li>\n<li>c</li>\n</ul>\n<p>d</p>\n",
		"1. a\n2) b":                      "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n",
		"```sh\n- <a>\n```\nb":            "<pre><code>- &lt;a&gt;\n</code></pre>\n<p>b</p>\n",
		"```\nopen":                       "<pre><code>open\n</code></pre>\n",
		"`a<b` **c** [d](https://e/?f&g)": `<p><code>a&lt;b</code> <strong>c</strong> <a href="https://e/?f&amp;g">d</a></p>` + "\n",
		"[a](javascript:alert)":           "<p>[a](javascript:alert)</p>\n",
		"<script>":                        "<p>&lt;script&gt;</p>\n",
		"| a | b |\n|---|:-:|\n| 1 | 2 |": "<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>2</td></tr>\n</table>\n",
	} {
		require.Equal(t, want, string(markdownHTML(text)), text)
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n- b\n```\n<x>\n```\n| c |\n[d](e)")
	f.Fuzz(func(t *testing.T, text string) {
		html := string(markdownHTML(text))
		for tag := range strings.SplitSeq(html, "<") {
			name, _, _ := strings.Cut(strings.TrimPrefix(tag, "/"), ">")
			name, _, _ = strings.Cut(name, " ")
			if strings.Contains(html, "<") && name != "" && tag != strings.Split(html, "<")[0] {
				require.Contains(t, []string{"p", "pre", "code", "ul", "ol", "li", "table", "tr", "th", "td", "strong", "a", "h2", "h3", "h4", "h5", "h6"}, name, "%q", html)
			}
		}
	})
}
