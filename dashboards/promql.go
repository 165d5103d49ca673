package dashboards

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// selector is one choice of series in a query: a metric, which may be empty, and the
// labels that it is narrowed by.
type selector struct {
	metric string
	labels []string
}

// functions are those of PromQL that take arguments, aggregations included. A full
// parser costs the binary a megabyte; this finds what people get wrong: brackets,
// quotes, names.
var functions = strings.Fields(`abs absent absent_over_time acos acosh asin asinh atan atanh avg avg_over_time bottomk ceil changes clamp clamp_max clamp_min
	cos cosh count count_over_time count_values day_of_month day_of_week day_of_year days_in_month deg delta deriv double_exponential_smoothing exp
	first_over_time floor group histogram_avg histogram_count histogram_fraction histogram_quantile histogram_stddev histogram_stdvar histogram_sum hour idelta
	increase info irate label_join label_replace last_over_time limit_ratio limitk ln log10 log2 mad_over_time max max_over_time min min_over_time minute month
	pi predict_linear present_over_time quantile quantile_over_time rad rate resets round scalar sgn sin sinh sort sort_by_label sort_by_label_desc sort_desc
	sqrt stddev stddev_over_time stdvar stdvar_over_time sum sum_over_time tan tanh time timestamp topk ts_of_first_over_time ts_of_last_over_time
	ts_of_max_over_time ts_of_min_over_time vector year`)

// groupings are the words before a list of labels.
var groupings = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}

// words are neither metrics nor functions.
var words = []string{"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start", "end", "anchored", "smoothed"}

// promScanner walks over a query once. Variables of Grafana may stand wherever it takes them.
type promScanner struct {
	in    string
	at    int
	open  []byte // brackets that are open
	found []selector
}

// scanPromQL returns the selectors of a query, or what is wrong with how it is written.
func scanPromQL(query string) ([]selector, error) {
	if strings.TrimSpace(query) == "" {
		return nil, errors.New("the query is empty")
	}
	s := promScanner{in: query}
	for s.at < len(s.in) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if len(s.open) > 0 {
		return nil, fmt.Errorf("%q is not closed", s.open[len(s.open)-1])
	}
	return s.found, nil
}

func (s *promScanner) step() error {
	c := s.in[s.at]
	switch {
	case c == '"' || c == '\'' || c == '`':
		return s.quoted(c)
	case c == '#':
		end := strings.IndexByte(s.in[s.at:], '\n')
		if end < 0 {
			end = len(s.in) - s.at
		}
		s.at += end
	case c == '$':
		s.variable()
	case c == '{':
		return s.matchers("")
	case c == '(' || c == '[':
		s.open = append(s.open, c)
		s.at++
	case c == ')' || c == ']' || c == '}':
		opener := map[byte]byte{')': '(', ']': '[', '}': '{'}[c]
		if len(s.open) == 0 || s.open[len(s.open)-1] != opener {
			return fmt.Errorf("%q closes nothing", c)
		}
		s.open = s.open[:len(s.open)-1]
		s.at++
	case isLetter(c):
		return s.name()
	case '0' <= c && c <= '9' || c == '.':
		// A number or a duration, letters and all.
		for s.at < len(s.in) && (isLetter(s.in[s.at]) || '0' <= s.in[s.at] && s.in[s.at] <= '9' || s.in[s.at] == '.') {
			s.at++
		}
	default:
		s.at++
	}
	return nil
}

func (s *promScanner) name() error {
	begin := s.at
	for s.at < len(s.in) && (isLetter(s.in[s.at]) || '0' <= s.in[s.at] && s.in[s.at] <= '9') {
		s.at++
	}
	name := s.in[begin:s.at]
	s.space()
	lower := strings.ToLower(name)
	next := byte(0)
	if s.at < len(s.in) {
		next = s.in[s.at]
	}
	switch {
	case slices.Contains(groupings, lower):
		return s.labelList(name)
	case slices.Contains(words, lower):
		return nil
	case len(s.open) > 0 && s.open[len(s.open)-1] == '[':
		return nil // a duration in a variable's words
	case slices.Contains(functions, lower):
		return nil // sum by (x) (y), too
	case next == '(':
		return fmt.Errorf("there is no function %s", name)
	case next == '{':
		return s.matchers(name)
	}
	s.found = append(s.found, selector{metric: name})
	return nil
}

// labelList passes the labels after by, on and the like.
func (s *promScanner) labelList(word string) error {
	if s.at >= len(s.in) || s.in[s.at] != '(' {
		if strings.HasPrefix(word, "group_") {
			return nil
		}
		return fmt.Errorf("after %s there must be labels in parentheses", word)
	}
	end := strings.IndexByte(s.in[s.at:], ')')
	if end < 0 {
		return errors.New(`'(' is not closed`)
	}
	s.at += end + 1
	return nil
}

// matchers reads {label="value", ...}.
func (s *promScanner) matchers(metric string) error {
	sel := selector{metric: metric}
	s.at++
	for {
		s.space()
		if s.at >= len(s.in) {
			return errors.New(`'{' is not closed`)
		}
		switch c := s.in[s.at]; {
		case c == '}':
			s.at++
			s.found = append(s.found, sel)
			return nil
		case c == ',':
			s.at++
		case c == '$':
			s.variable() // labels and values together
		case isLetter(c):
			begin := s.at
			for s.at < len(s.in) && (isLetter(s.in[s.at]) || '0' <= s.in[s.at] && s.in[s.at] <= '9') {
				s.at++
			}
			label := s.in[begin:s.at]
			s.space()
			operator := ""
			for _, op := range []string{"=~", "!~", "!=", "="} {
				if strings.HasPrefix(s.in[s.at:], op) {
					operator = op
					break
				}
			}
			if operator == "" {
				return fmt.Errorf("after the label %s there must be =, !=, =~ or !~", label)
			}
			s.at += len(operator)
			s.space()
			if s.at >= len(s.in) || !strings.ContainsRune("\"'`", rune(s.in[s.at])) {
				return fmt.Errorf("the value of the label %s must be in quotes", label)
			}
			begin = s.at
			if err := s.quoted(s.in[s.at]); err != nil {
				return err
			}
			if label == "__name__" && operator == "=" {
				sel.metric = s.in[begin+1 : s.at-1]
				continue
			}
			sel.labels = append(sel.labels, label)
		default:
			return fmt.Errorf("%q has no place among labels", c)
		}
	}
}

func (s *promScanner) quoted(quote byte) error {
	for i := s.at + 1; i < len(s.in); i++ {
		switch {
		case s.in[i] == '\\' && quote != '`':
			i++
		case s.in[i] == quote:
			s.at = i + 1
			return nil
		}
	}
	return fmt.Errorf("the quote %c is not closed", quote)
}

// variable passes $name or ${name:format}.
func (s *promScanner) variable() {
	if rest := s.in[s.at:]; strings.HasPrefix(rest, "${") {
		if end := strings.IndexByte(rest, '}'); end > 0 {
			s.at += end + 1
			return
		}
	}
	s.at++
	for s.at < len(s.in) && (isLetter(s.in[s.at]) && s.in[s.at] != ':' || '0' <= s.in[s.at] && s.in[s.at] <= '9') {
		s.at++
	}
}

func (s *promScanner) space() {
	for s.at < len(s.in) && strings.IndexByte(" \t\r\n", s.in[s.at]) >= 0 {
		s.at++
	}
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':'
}
