package agent

import (
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// minSecret is the shortest value that is searched for: shorter ones are in every text.
const minSecret = 4

var secretName = regexp.MustCompile(`(?i)(TOKEN|PASSWORD|SECRET|CREDENTIAL|API_?KEY|PRIVATE)`)

// secretsOf finds the values of the configuration's secrets, and of those files that hold
// one (keys that end in token_file, password_file and the like).
func secretsOf(config any) []string {
	w := secretWalker{found: map[string]bool{}}
	w.walk(reflect.ValueOf(config), "", 0)
	return w.sorted()
}

// secretsOfEnvironment finds the values of variables whose name says that they are secret,
// and the passwords of addresses in the others.
func secretsOfEnvironment(environ []string) []string {
	w := secretWalker{found: map[string]bool{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case strings.HasSuffix(name, "_FILE"):
			if secretName.MatchString(name) {
				w.file(value)
			}
		case secretName.MatchString(name):
			w.add(value)
		default:
			w.address(value)
		}
	}
	return w.sorted()
}

type secretWalker struct{ found map[string]bool }

// sorted has the longest first, so that a secret within another one leaves nothing.
func (w *secretWalker) sorted() []string {
	var all []string
	for s := range w.found {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return all
}

func (w *secretWalker) add(s string) {
	if s = strings.TrimSpace(s); len(s) >= minSecret {
		w.found[s] = true
		w.found[url.QueryEscape(s)] = true
	}
}

func (w *secretWalker) address(s string) {
	if !strings.Contains(s, "://") || !strings.Contains(s, "@") {
		return
	}
	if u, err := url.Parse(s); err == nil {
		if password, ok := u.User.Password(); ok {
			w.add(password)
		}
	}
}

func (w *secretWalker) file(path string) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > 64<<10 {
		return
	}
	if b, err := os.ReadFile(path); err == nil {
		w.add(string(b))
	}
}

// walk looks through a configuration, below what nobody nests deeper.
func (w *secretWalker) walk(v reflect.Value, key string, depth int) {
	if !v.IsValid() || depth > 24 {
		return
	}
	t := v.Type()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem(), key, depth+1)
		}
	case reflect.Struct:
		for i := range t.NumField() {
			w.walk(v.Field(i), t.Field(i).Tag.Get("mapstructure"), depth+1)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			w.walk(v.Index(i), key, depth+1)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			w.walk(v.MapIndex(k), key, depth+1)
		}
	case reflect.String:
		switch {
		case t.PkgPath() == "go.opentelemetry.io/collector/config/configopaque":
			w.add(v.String())
			w.address(v.String())
		case strings.HasSuffix(key, "_file") && secretName.MatchString(key):
			w.file(v.String())
		case !strings.HasSuffix(key, "_file") && secretName.MatchString(key):
			w.add(v.String())
		default:
			w.address(v.String())
		}
	default:
	}
}
