package agent

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.yaml.in/yaml/v3"
)

// redacted stands for a secret, as in what upstream prints.
const redacted = "[REDACTED]"

// userinfo matches the password of a URL.
var userinfo = regexp.MustCompile(`(://[^/@:\s"']*):[^/\s"']*@`)

// secrets finds the others in a configuration that people read. Types hide most of them before.
var secrets = sync.OnceValue(func() (s struct{ key, user, bare, query *regexp.Regexp }) {
	s.key = regexp.MustCompile(`(?i)(^|[-_.])(password|passwd|passphrase|secret|token|api[-_]?key|authorization|cookie|credentials?|private[-_]?key|(access|secret|account|signing)[-_]?key|connection[-_]?string|dsn)$`)
	s.user = regexp.MustCompile(`://[^/@:\s"']+@`)                       // a token may be a user without a password
	s.bare = regexp.MustCompile(`((?:^|[\s"'])[^\s/@:"']+):[^\s/"'@]+@`) // of an address that has lost its scheme
	s.query = regexp.MustCompile(`(?i)([?&;][^=&\s"']*(?:pass|secret|token|key|auth|sig|cred|code)[^=&\s"']*=)[^&;\s"']+`)
	return s
})

// writeMasked writes what a configuration means, with all defaults and without its secrets.
func writeMasked(w io.Writer, cfg *otelcol.Config) error {
	conf, err := effective(cfg)
	if err != nil {
		return err
	}
	b, err := masked(conf)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// masked is a configuration as YAML without its secrets.
func masked(conf *confmap.Conf) ([]byte, error) {
	b, err := yaml.Marshal(mask("", conf.ToStringMap()))
	if err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return b, nil
}

// mask returns the value of a key without what is secret in it.
func mask(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			if text, ok := inner.(string); ok && text != "" && (key == "headers" || secrets().key.MatchString(k)) {
				out[k] = redacted
				continue
			}
			out[k] = mask(k, inner)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, inner := range v {
			out = append(out, mask(key, inner))
		}
		return out
	case string:
		return maskText(v)
	}
	return v
}

// maskText hides what addresses in a text have of secrets.
func maskText(text string) string {
	if !strings.ContainsAny(text, "@?") {
		return text
	}
	s := secrets()
	text = userinfo.ReplaceAllString(text, "$1:"+redacted+"@")
	text = s.user.ReplaceAllString(text, "://"+redacted+"@")
	text = s.bare.ReplaceAllString(text, "$1:"+redacted+"@")
	return s.query.ReplaceAllString(text, "${1}"+redacted)
}
