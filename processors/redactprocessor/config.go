package redactprocessor

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/redact"
)

// Config is the configuration of redact.
type Config struct {
	// Classes are what is redacted: names of classes, or secrets or pii for many. An
	// entry may hold several with spaces or commas between them, as an environment
	// variable does.
	Classes []string `mapstructure:"classes"`
	// Except are classes taken out of those again.
	Except []string `mapstructure:"except"`
	// Action is what becomes of what is found: mask, hash, label or drop_attribute.
	Action string `mapstructure:"action"`
	// Actions are those of single classes or patterns, instead.
	Actions map[string]string `mapstructure:"actions"`
	// HashKeyFile holds the key of hash, one line of at least 16 bytes. It is read at
	// start and at reload.
	HashKeyFile string `mapstructure:"hash_key_file"`
	// Patterns are your own, each a class of its name.
	Patterns []PatternConfig `mapstructure:"patterns"`
	// Allow are values that stay; * stands for anything.
	Allow []string `mapstructure:"allow"`
	// Keys decide over values by the names of attributes and of members of structured
	// bodies.
	Keys KeysConfig `mapstructure:"keys"`
	// Mark writes on log records and spans which classes were found on them.
	Mark bool `mapstructure:"mark"`
}

// PatternConfig is a pattern of the user's.
type PatternConfig struct {
	// Name is its class: lower case letters, digits and underscores.
	Name string `mapstructure:"name"`
	// Pattern is a regular expression (RE2). Its first group, if it has one, is what is
	// redacted.
	Pattern string `mapstructure:"pattern"`
}

// KeysConfig are globs of keys, in any case.
type KeysConfig struct {
	// Deny are keys whose value is redacted whatever it is.
	Deny []string `mapstructure:"deny"`
	// Allow are keys whose value is not looked at.
	Allow []string `mapstructure:"allow"`
}

func createDefaultConfig() component.Config {
	return &Config{
		Classes: []string{"secrets"}, // nobody wants these in logs; personal data are for their owner to judge
		Action:  "mask",
		Mark:    true, // tells why a value is missing, and by which queries leaks are found
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	s, err := c.settings()
	if err != nil {
		return err
	}
	s.HashKey = make([]byte, redact.MinHashKey) // the file is read at start
	if c.HashKeyFile == "" {
		s.HashKey = nil
	}
	if _, err = redact.New(s); err != nil && c.HashKeyFile == "" && strings.HasPrefix(err.Error(), "hash ") {
		return errors.New("hash_key_file must name a file with a key for action hash")
	}
	return err
}

// settings are all but the key.
func (c *Config) settings() (s redact.Settings, err error) {
	if s.Classes, err = redact.ParseClasses(words(c.Classes)); err != nil {
		return s, fmt.Errorf("classes: %w", err)
	}
	except, err := redact.ParseClasses(words(c.Except))
	if err != nil {
		return s, fmt.Errorf("except: %w", err)
	}
	s.Classes = s.Classes.Without(except)
	if s.Action, err = redact.ParseAction(c.Action); err != nil {
		return s, fmt.Errorf("action: %w", err)
	}
	s.Actions = map[string]redact.Action{}
	for name, action := range c.Actions {
		if s.Actions[name], err = redact.ParseAction(action); err != nil {
			return s, fmt.Errorf("actions::%s: %w", name, err)
		}
	}
	for _, p := range c.Patterns {
		s.Patterns = append(s.Patterns, redact.Pattern{Name: p.Name, Expression: p.Pattern})
	}
	s.Allow, s.DenyKeys, s.AllowKeys = c.Allow, c.Keys.Deny, c.Keys.Allow
	return s, nil
}

// words splits entries at spaces and commas.
func words(list []string) []string {
	return strings.FieldsFunc(strings.Join(list, " "), func(r rune) bool { return r == ' ' || r == ',' })
}
