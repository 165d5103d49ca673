package configkeys_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/tidewatch/tidewatch/internal/configkeys"
)

type server struct {
	Endpoint string        `mapstructure:"endpoint"`
	Timeout  time.Duration `mapstructure:"timeout"`
}

type config struct {
	server  `mapstructure:",squash"`
	Inner   server                          `mapstructure:"inner"`
	GRPC    configoptional.Optional[server] `mapstructure:"grpc"`
	HTTP    configoptional.Optional[server] `mapstructure:"http"`
	Token   configopaque.String             `mapstructure:"token"`
	Storage *component.ID                   `mapstructure:"storage"`
	Include []string                        `mapstructure:"include"`
	Servers []server                        `mapstructure:"servers"`
	ByName  map[string]server               `mapstructure:"by_name"`
	Again   *config                         `mapstructure:"again"`
	Hidden  string                          `mapstructure:"-"`
	Rate    float64                         `mapstructure:"rate"`
	Rest    map[string]any                  `mapstructure:",remain"`
}

func example() *config {
	return &config{
		Inner:   server{Endpoint: "127.0.0.1:1", Timeout: 5 * time.Minute},
		GRPC:    configoptional.Some(server{Timeout: time.Second}),
		HTTP:    configoptional.Default(server{Timeout: 2 * time.Hour}),
		Token:   "s3cret",
		Include: []string{"a", "b"},
		Rate:    0.5,
	}
}

func TestOf(t *testing.T) {
	flat := map[string]string{}
	var walk func(under string, keys []configkeys.Key)
	walk = func(under string, keys []configkeys.Key) {
		for _, k := range keys {
			text := k.Type
			if k.Off {
				text += " off"
			}
			if k.Default != "" {
				text += " " + k.Default
			}
			flat[under+k.Name] = text
			walk(under+k.Name+"::", k.Keys)
		}
	}
	walk("", configkeys.Of(example()))
	require.Equal(t, map[string]string{
		"inner": "section", "inner::endpoint": "string 127.0.0.1:1", "inner::timeout": "duration 5m",
		"grpc": "section", "grpc::endpoint": "string", "grpc::timeout": "duration 1s",
		"http": "section off", "http::endpoint": "string", "http::timeout": "duration 2h", "http::enabled": "bool",
		"token": "secret", "storage": "component", "include": "list of strings [a, b]",
		"servers": "list of sections", "servers::endpoint": "string", "servers::timeout": "duration",
		"by_name": "map of sections", "by_name::<name>": "section", "by_name::<name>::endpoint": "string", "by_name::<name>::timeout": "duration",
		"again": "section off", "rate": "number 0.5", "<name>": "map of any",
	}, flat, "a secret is never told; a type within itself ends; what is not exported has no keys")
	require.Nil(t, configkeys.Of(nil))
	require.Nil(t, configkeys.Of("text"))
}

func TestFind(t *testing.T) {
	keys := configkeys.Of(example())
	for _, path := range [][]string{{"inner"}, {"servers", "0"}, {"by_name", "any"}, {"grpc"}} {
		found, ok := configkeys.Find(keys, path)
		require.True(t, ok, path)
		require.Equal(t, "endpoint", found[0].Name, path)
	}
	_, ok := configkeys.Find(keys, []string{"by_name", "any", "none"})
	require.False(t, ok)
}

func TestSchemaIsJSON(t *testing.T) {
	b, err := json.Marshal(configkeys.Schema([]configkeys.Component{{Kind: "receivers", Type: "x", Keys: configkeys.Of(example())}}, nil))
	require.NoError(t, err)
	require.Contains(t, string(b), `"^x(/.+)?$"`)
	require.NotContains(t, string(b), "s3cret")
}
