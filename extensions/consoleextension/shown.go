package consoleextension

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// hidden stands for every value that is not known to be harmless.
const hidden = "(hidden)"

// shown decides which values of a configuration a browser may see. Whatever is not known
// to be harmless is hidden: nothing is shown because it does not look like a secret.
type shown struct {
	// components are the ids that the configuration itself defines.
	components map[string]bool
	// environment are values of variables, any of which may be a token.
	environment []string
}

var (
	// secretKey are keys below which nothing is shown, of whatever kind.
	secretKey = regexp.MustCompile(`(?i)pass|secret|token|key|cred|auth|cookie|sign|private|dsn|connection|pem$|user|login|header|param|label|attribute|env|query|body|payload|template|value`)
	// amountKey are keys of amounts, whatever else their names say.
	amountKey = regexp.MustCompile(`^(max|min)_|_(size|interval|timeout|bytes|after)$`)
	// fileKey are keys of paths, even of files with secrets: the path is none.
	fileKey = regexp.MustCompile(`(?i)_file$|^(directory|path|filename|catalogue|include|exclude|root_path)$|_directory$`)
	// addressKey are keys of addresses and URLs.
	addressKey = regexp.MustCompile(`(?i)^(endpoints?|address(es)?|urls?|brokers?|targets?|hosts?|listen)$|_(endpoint|url|address)$`)
	// wordKey are keys of which the value is one word out of a few.
	wordKey = regexp.MustCompile(`^(encoding|compression|level|format|type|types|mode|protocol|transport|match_type|direction|sizer|system|temporality|unit|aggregation_strategy|start_at|group|fs_types|devices|mount_points|interfaces|network|min_version|max_version)$`)

	quantity = regexp.MustCompile(`^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|[KMGT]?i?B|%))+$`)
	word     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,15}$`)
	version  = regexp.MustCompile(`^\d\.\d$`)
	address  = regexp.MustCompile(`^(\[[0-9a-fA-F:.]*\]|[a-zA-Z0-9_.-]{0,100}):\d{1,5}$`)
	location = regexp.MustCompile(`^(/|\./|[A-Z]:\\)[^?#]*$`)
	// harmless are variables of which the value may occur anywhere.
	harmless = regexp.MustCompile(`^(PATH|HOME|PWD|OLDPWD|HOSTNAME|LANG|LC_.*|SHELL|TERM|USER|LOGNAME|TZ|SHLVL|_|TMPDIR|INVOCATION_ID|JOURNAL_STREAM|TIDEWATCH_STATE_DIR)$`)
)

// minSecret is the shortest value of a variable that is looked for within others.
const minSecret = 6

func newShown(conf map[string]any, environ []string) *shown {
	s := &shown{components: map[string]bool{}}
	for _, section := range sections {
		m, _ := conf[section].(map[string]any)
		for id := range m {
			s.components[id] = true
		}
	}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if len(value) >= minSecret && !harmless.MatchString(name) && !address.MatchString(value) && !location.MatchString(value) {
			s.environment = append(s.environment, value)
		}
	}
	return s
}

// value returns what may be seen of the value of key.
func (s *shown) value(key string, v any) any {
	switch v := v.(type) {
	case nil, bool:
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			switch {
			case s.fromEnvironment(k):
				out[hidden] = hidden
			case secretKey.MatchString(k) && !amountKey.MatchString(k) && !fileKey.MatchString(k) && !s.components[k]:
				out[k] = conceal(inner)
			default:
				out[k] = s.value(k, inner)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			out = append(out, s.value(key, inner))
		}
		return out
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return v
	}
	return s.text(key, fmt.Sprint(v))
}

// conceal hides a value but shows whether there is one.
func conceal(v any) any {
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		if v == "" {
			return ""
		}
	case []any:
		if len(v) == 0 {
			return v
		}
	case map[string]any:
		if len(v) == 0 {
			return v
		}
	}
	return hidden
}

func (s *shown) text(key, v string) string {
	switch {
	case v == "" || s.components[v]:
		return v
	case addressKey.MatchString(key):
		v = place(v)
	case quantity.MatchString(v) || wordKey.MatchString(key) && (word.MatchString(v) || version.MatchString(v)):
	case fileKey.MatchString(key) && location.MatchString(v):
	default:
		return hidden
	}
	if s.fromEnvironment(v) {
		return hidden
	}
	return v
}

func (s *shown) fromEnvironment(v string) bool {
	for _, token := range s.environment {
		if strings.Contains(v, token) {
			return true
		}
	}
	return false
}

// place is the scheme and host of a URL: user, password, path and query may be secrets.
func place(v string) string {
	if address.MatchString(v) {
		return v
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || !address.MatchString(u.Host) && !address.MatchString(u.Host+":1") {
		return hidden
	}
	out := u.Scheme + "://" + u.Host
	if len(u.Path) > 1 || u.RawQuery != "" || u.Fragment != "" {
		out += "/…"
	}
	return out
}
