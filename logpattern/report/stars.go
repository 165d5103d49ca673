package report

import "strings"

// Stars writes a template with every variable as <*>, the notation of published
// benchmarks.
func Stars(template string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(template, '<')
		if i < 0 {
			return b.String() + template
		}
		j := strings.IndexByte(template[i:], '>')
		if j < 0 {
			return b.String() + template
		}
		b.WriteString(template[:i])
		name := template[i : i+j+1]
		switch name {
		case "<num>", "<hex>", "<ip>", "<uuid>", "<path>", "<url>", "<duration>", "<size>", "<date>", "<str>", "<id>":
			name = "<*>"
		case "<*>":
		default: // text of the log
			name = "<"
			j = 0
		}
		b.WriteString(name)
		template = template[i+j+1:]
	}
}
