package alerts

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/tidewatch/tidewatch/internal/template"
)

// markdownHTML renders what runbooks are written in: headings, paragraphs, lists, tables, fenced code, and within lines code, bold and links.
// Everything else is shown as it is written, and nothing of it can become a tag.
func markdownHTML(text string) template.HTML {
	m := &markdown{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \r")
		trimmed := strings.TrimSpace(line)
		level, title := headingOf(line)
		list, item := itemOf(trimmed)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			m.flush()
			m.out.WriteString("<pre><code>")
			for i++; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "```"); i++ {
				m.out.WriteString(html.EscapeString(lines[i]) + "\n")
			}
			m.out.WriteString("</code></pre>\n")
		case trimmed == "":
			m.flushParagraph()
		case level > 0:
			m.flush()
			tag := "h" + strconv.Itoa(min(level+1, 6)) // below the rule's own
			m.out.WriteString("<" + tag + ">" + inline(title) + "</" + tag + ">\n")
		case list != "":
			m.item(list, item)
		case strings.HasPrefix(trimmed, "|"):
			m.row(trimmed)
		case m.list != "" && !strings.HasPrefix(line, " ") && len(m.paragraph) == 0:
			m.flush()
			m.paragraph = append(m.paragraph, trimmed)
		default:
			m.paragraph = append(m.paragraph, trimmed)
		}
	}
	m.flush()
	return template.HTML(m.out.String())
}

// inLine finds `code`, **bold** and [text](url).
var inLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("`([^`]+)`|\\*\\*([^*]+)\\*\\*|\\[([^\\]]+)\\]\\(([^)\\s]+)\\)")
})

// headingOf splits "## Title" into its level and text; other lines have level 0.
func headingOf(line string) (level int, text string) {
	text = strings.TrimLeft(line, "#")
	level = len(line) - len(text)
	if level > 6 || !strings.HasPrefix(text, " ") {
		return 0, ""
	}
	return level, strings.TrimSpace(text)
}

// itemOf splits "- text", "* text" and "1. text" into the kind of list and the text; other lines have none.
func itemOf(line string) (tag, text string) {
	if text, ok := strings.CutPrefix(line, "- "); ok {
		return "ul", text
	}
	if text, ok := strings.CutPrefix(line, "* "); ok {
		return "ul", text
	}
	rest := strings.TrimLeft(line, "0123456789")
	if len(rest) < len(line) && (strings.HasPrefix(rest, ". ") || strings.HasPrefix(rest, ") ")) {
		return "ol", rest[2:]
	}
	return "", ""
}

// markdown is what is open while lines come in: a paragraph, which may be that of an item of a list, or a table.
type markdown struct {
	out       strings.Builder
	paragraph []string
	list      string // ul, ol or table, or nothing
	ofItem    bool   // the open paragraph is an item's
}

func (m *markdown) flushParagraph() {
	if len(m.paragraph) == 0 {
		return
	}
	text := inline(strings.Join(m.paragraph, " "))
	if m.ofItem {
		m.out.WriteString("<li>" + text + "</li>\n")
	} else {
		m.out.WriteString("<p>" + text + "</p>\n")
	}
	m.paragraph, m.ofItem = nil, false
}

// open begins a list or a table, if it is not the one that is open.
func (m *markdown) open(tag string) {
	m.flushParagraph()
	if m.list != tag {
		m.flush()
		m.out.WriteString("<" + tag + ">\n")
		m.list = tag
	}
}

func (m *markdown) item(tag, text string) {
	m.open(tag)
	m.paragraph, m.ofItem = []string{text}, true
}

func (m *markdown) row(line string) {
	if strings.Trim(line, "|-: ") == "" {
		return
	}
	cell := "td"
	if m.list != "table" {
		cell = "th"
	}
	m.open("table")
	m.out.WriteString("<tr>")
	for text := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
		m.out.WriteString("<" + cell + ">" + inline(strings.TrimSpace(text)) + "</" + cell + ">")
	}
	m.out.WriteString("</tr>\n")
}

func (m *markdown) flush() {
	m.flushParagraph()
	if m.list != "" {
		m.out.WriteString("</" + m.list + ">\n")
		m.list = ""
	}
}

func inline(text string) string {
	var b strings.Builder
	end := 0
	for _, at := range inLine().FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(html.EscapeString(text[end:at[0]]))
		part := func(n int) string { return html.EscapeString(text[at[2*n]:at[2*n+1]]) }
		switch {
		case at[2] >= 0:
			b.WriteString("<code>" + part(1) + "</code>")
		case at[4] >= 0:
			b.WriteString("<strong>" + part(2) + "</strong>")
		case strings.HasPrefix(text[at[8]:], "http://") || strings.HasPrefix(text[at[8]:], "https://") || !strings.Contains(text[at[8]:at[9]], ":"):
			b.WriteString(`<a href="` + part(4) + `">` + part(3) + "</a>")
		default:
			b.WriteString(html.EscapeString(text[at[0]:at[1]]))
		}
		end = at[1]
	}
	b.WriteString(html.EscapeString(text[end:]))
	return b.String()
}
