package backtest

import (
	"slices"
	"strings"
)

// words of PromQL that are no names of metrics where nothing is called.
var words = []string{
	"and", "or", "unless", "atan2", "bool", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "inf", "nan",
	"start", "end", "fill", "fill_left", "fill_right", "anchored", "smoothed",
}

// Metrics are the names of the metrics that an expression reads, in order, each once.
func Metrics(expr string) (out []string) {
	skipLabels := false
	for i := 0; i < len(expr); {
		c := expr[i]
		switch {
		case c == '"' || c == '\'' || c == '`' || c == '#':
			i = skipText(expr, i, len(expr))
		case c == '{':
			end := closing(expr, i, len(expr)) + 1
			for _, name := range nameMatchers(expr[i:end]) {
				out = addOnce(out, name)
			}
			i = end
		case c == '[':
			i = closing(expr, i, len(expr)) + 1
		case c == '(' && skipLabels:
			i = closing(expr, i, len(expr)) + 1
			skipLabels = false
		case letter(c):
			end := i
			for end < len(expr) && (letter(expr[end]) || expr[end] >= '0' && expr[end] <= '9') {
				end++
			}
			word := expr[i:end]
			next, _ := trim(expr, end, len(expr))
			called := next < len(expr) && expr[next] == '('
			low := strings.ToLower(word)
			switch {
			case slices.Contains([]string{"by", "without", "on", "ignoring", "group_left", "group_right"}, low):
				skipLabels = called
			case called || slices.Contains(words, low) || aggregation(expr, next, low):
			default:
				out = addOnce(out, word)
			}
			i = end
		case c >= '0' && c <= '9' || c == '.': // 5m and 1e3 are numbers
			for i < len(expr) && (letter(expr[i]) || expr[i] >= '0' && expr[i] <= '9' || expr[i] == '.') {
				i++
			}
		default:
			i++
		}
	}
	return out
}

// aggregation says whether a word is one before `by` or `without`: sum by (job) (up).
func aggregation(expr string, next int, word string) bool {
	if !slices.Contains([]string{"sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk", "quantile", "limitk", "limit_ratio"}, word) {
		return false
	}
	rest := strings.ToLower(expr[next:])
	return strings.HasPrefix(rest, "by") || strings.HasPrefix(rest, "without")
}

// nameMatchers finds {__name__="x"} and {"x", ...}.
func nameMatchers(braces string) (out []string) {
	for i := 1; i < len(braces); {
		if q := braces[i]; q == '"' || q == '\'' || q == '`' {
			end := skipText(braces, i, len(braces))
			if end-1 <= i+1 {
				i = end
				continue
			}
			before := strings.TrimSpace(braces[1:i])
			before = strings.TrimSpace(before[strings.LastIndexByte(before, ',')+1:])
			after := strings.TrimSpace(braces[end:])
			if key, equal := strings.CutSuffix(before, "="); equal && strings.TrimSpace(key) == "__name__" {
				out = append(out, braces[i+1:end-1])
			} else if before == "" && (strings.HasPrefix(after, ",") || strings.HasPrefix(after, "}")) {
				out = append(out, braces[i+1:end-1])
			}
			i = end
			continue
		}
		i++
	}
	return out
}

func addOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
