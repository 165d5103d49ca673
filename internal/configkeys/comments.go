package configkeys

import (
	_ "embed" // the comments
	"strings"
	"sync"
)

// commentsText has a section in brackets for each type, with its package, and in it a line
// for each commented field: its name, a space, and the comment on one line. It is written
// from the source by go generate ./agent.
//
//go:embed comments.txt
var commentsText string

var comments = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	section := ""
	for line := range strings.Lines(commentsText) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
		} else if field, text, ok := strings.Cut(line, " "); ok {
			m[section+"."+field] = text
		}
	}
	return m
})

func comment(of Struct, field string) string { return comments()[of.Package+"."+of.Name+"."+field] }
