package pipelinetest

import (
	"fmt"
	"html"
	"strings"
)

// escape makes a text one that XML may hold.
func escape(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
}

// JUnit returns results as the XML that CI systems read, one suite per file.
func JUnit(files []*File, results [][]Result) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n")
	for i, f := range files {
		failed := 0
		for _, r := range results[i] {
			if len(r.Problems) > 0 {
				failed++
			}
		}
		fmt.Fprintf(&b, "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\">\n", escape(f.Path), len(results[i]), failed)
		for _, r := range results[i] {
			if len(r.Problems) == 0 {
				fmt.Fprintf(&b, "    <testcase name=\"%s\"/>\n", escape(r.Name))
				continue
			}
			fmt.Fprintf(&b, "    <testcase name=\"%s\">\n      <failure message=\"%s\">%s</failure>\n    </testcase>\n",
				escape(r.Name), escape(r.Problems[0]), escape(strings.Join(r.Problems, "\n")))
		}
		b.WriteString("  </testsuite>\n")
	}
	b.WriteString("</testsuites>\n")
	return []byte(b.String())
}
