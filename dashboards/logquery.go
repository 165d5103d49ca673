package dashboards

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// checkLogQL finds what people get wrong in a query of Loki: brackets, quotes, and a
// selector of streams that is missing or takes everything.
func checkLogQL(query string) error {
	if strings.TrimSpace(query) == "" {
		return errors.New("the query is empty")
	}
	if err := balanced(query, "\"`"); err != nil {
		return err
	}
	if !strings.Contains(query, "{") {
		return errors.New(`there is no selector of streams, such as {service_name="shop"}`)
	}
	if strings.Contains(strings.ReplaceAll(query, " ", ""), "{}") {
		return errors.New("{} selects no stream: Loki wants at least one label")
	}
	return nil
}

var danglingOperator = regexp.MustCompile(`(?:^|\()\s*(?:AND|OR)\b|\b(?:AND|OR|NOT)\s*(?:\)|$)|\b(?:AND|OR)\s+(?:AND|OR)\b`)

// checkLucene does so in a query of Elasticsearch.
func checkLucene(query string) error {
	if err := balanced(query, `"`); err != nil {
		return err
	}
	if at := danglingOperator.FindString(query); at != "" {
		return fmt.Errorf("%q joins nothing", strings.TrimSpace(at))
	}
	return nil
}

// balanced sees that brackets and quotes are closed. Braces of variables are brackets, too.
func balanced(query, quotes string) error {
	var open []byte
	for i := 0; i < len(query); i++ {
		c := query[i]
		switch {
		case strings.IndexByte(quotes, c) >= 0:
			end := -1
			for j := i + 1; j < len(query); j++ {
				if query[j] == '\\' && c == '"' {
					j++
				} else if query[j] == c {
					end = j
					break
				}
			}
			if end < 0 {
				return fmt.Errorf("the quote %c is not closed", c)
			}
			i = end
		case c == '(' || c == '[' || c == '{':
			open = append(open, c)
		case c == ')' || c == ']' || c == '}':
			opener := map[byte]byte{')': '(', ']': '[', '}': '{'}[c]
			if len(open) == 0 || open[len(open)-1] != opener {
				return fmt.Errorf("%q closes nothing", c)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%q is not closed", open[len(open)-1])
	}
	return nil
}
