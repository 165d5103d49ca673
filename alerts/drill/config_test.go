package drill_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/drill"
)

const production = `
global: {smtp_smarthost: "mail:25", slack_api_url_file: /secret}
route:
  receiver: ops
  group_wait: 30s
  routes:
    - matchers: [owner="shop"]
      receiver: shop
      group_interval: 1m30s
      active_time_intervals: [day]
      routes: [{receiver: nobody, mute_time_intervals: [night]}]
inhibit_rules:
  - {source_matchers: [alertname="A"], target_matchers: [alertname="B"], equal: [host]}
time_intervals: [{name: day}]
receivers:
  - name: ops
    pagerduty_configs: [{routing_key: secret}]
  - {name: shop, email_configs: [{to: a@b.c}], slack_configs: [{channel: x}]}
  - name: nobody
templates: ["/etc/*.tmpl"]
`

func TestConfigureNotifiesTheDrillAlone(t *testing.T) {
	p, err := drill.Configure([]byte(production), "http://127.0.0.1:9/hook", 10)
	require.NoError(t, err)
	require.Equal(t, []string{"ops", "shop", "nobody"}, p.Receivers)
	require.Equal(t, 30*time.Second, p.GroupWait)
	require.Equal(t, "ops", drill.Receiver("tidewatch-drill/ops"))
	var got map[string]any
	require.NoError(t, yaml.Unmarshal(p.Config, &got))
	hook := []any{map[string]any{"url": "http://127.0.0.1:9/hook", "send_resolved": true}}
	require.Equal(t, map[string]any{
		"route": map[string]any{
			"receiver": "tidewatch-drill/ops", "group_wait": "3s", "group_interval": "30s", "repeat_interval": "24m",
			"routes": []any{map[string]any{
				"matchers": []any{`owner="shop"`}, "receiver": "tidewatch-drill/shop", "group_interval": "9s",
				"routes": []any{map[string]any{"receiver": "tidewatch-drill/nobody"}},
			}},
		},
		"inhibit_rules": []any{map[string]any{"source_matchers": []any{`alertname="A"`}, "target_matchers": []any{`alertname="B"`}, "equal": []any{"host"}}},
		"receivers": []any{
			map[string]any{"name": "tidewatch-drill/ops", "webhook_configs": hook},
			map[string]any{"name": "tidewatch-drill/shop", "webhook_configs": hook},
			map[string]any{"name": "tidewatch-drill/nobody"},
		},
	}, got)
	require.NoError(t, drill.Own(string(p.Config)))
	require.ErrorContains(t, drill.Own(production), `receiver "ops" is not the drill's own`)
}

func TestOwnRefuses(t *testing.T) {
	for want, config := range map[string]string{
		"says no receivers":  "route: {}",
		"is not the drill's": "receivers: [{name: tidewatch-drill/a}, {name: b}]",
		"has slack_configs":  "receivers: [{name: tidewatch-drill/a, slack_configs: []}]",
		"read configuration": "receivers: {",
	} {
		require.ErrorContains(t, drill.Own(config), want)
	}
}

func TestConfigureErrors(t *testing.T) {
	for want, config := range map[string]string{
		"no mapping":              "",
		"route and receivers":     "route: {}",
		"line 2: a receiver":      "route: {}\nreceivers: [{}]",
		"line 1: a route":         "route: []\nreceivers: []",
		"group_wait: \"x\" is no": "route: {group_wait: x}\nreceivers: []",
		"says no receivers":       "route: {}\nreceivers: []",
		"read configuration":      "{",
	} {
		_, err := drill.Configure([]byte(config), "http://127.0.0.1:1", 1)
		require.ErrorContains(t, err, want)
	}
}

func TestConfigureOfTheShippedLedger(t *testing.T) {
	l, err := alerts.Shipped()
	require.NoError(t, err)
	files, err := alerts.RenderAlertmanager(l)
	require.NoError(t, err)
	for name, text := range files {
		p, err := drill.Configure(text, "http://127.0.0.1:1", 1)
		require.NoError(t, err, name)
		require.NoError(t, drill.Own(string(p.Config)))
	}
}

func FuzzConfigure(f *testing.F) {
	f.Add([]byte(production))
	f.Add([]byte("route: &a {routes: [*a]}\nreceivers: [{name: x}]"))
	f.Fuzz(func(t *testing.T, config []byte) {
		p, err := drill.Configure(config, "http://127.0.0.1:1", 2)
		if err == nil && len(p.Receivers) > 0 {
			require.NoError(t, drill.Own(string(p.Config)))
		}
	})
}
