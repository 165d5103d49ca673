package agent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStrayVariables(t *testing.T) {
	require.Equal(t, []string{
		"$TIDEWATCH_CONSOLE_TOKN is set, but nothing reads it; did you mean $TIDEWATCH_CONSOLE_TOKEN?",
		"$TIDEWATCH_LOKI_URI is set, but nothing reads it; did you mean $TIDEWATCH_LOKI_URL?",
		"$TIDEWATCH_STATEDIR is set, but nothing reads it; did you mean $TIDEWATCH_STATE_DIR?",
	}, strayVariables([]string{
		"HOME=/root", "LOKI_URI=x", "TIDEWATCH_LOKI_URI=http://loki:3100", "TIDEWATCH_LOKI_URL=http://loki:3100", "TIDEWATCH_STATEDIR=/x",
		"TIDEWATCH_CONSOLE_TOKN=x", "TIDEWATCH_TICKET_TOKEN=x", "TIDEWATCH_PORT_4317_TCP=tcp://10.0.0.1:4317", "TIDEWATCH_MINE=1",
	}), "what profiles, flags and commands read is known; what is not near is somebody else's")
}

func TestMistypedFlag(t *testing.T) {
	_, err := execute(t, "validate", "--lokiurl", "x")
	require.EqualError(t, err, "there is no flag --lokiurl; did you mean --loki-url?")
	_, err = execute(t, "validate", "--zzz")
	require.EqualError(t, err, "there is no flag --zzz; tidewatch validate --help lists them")
}

func TestComponentsDescribed(t *testing.T) {
	out, err := execute(t, "components", "receivers/tail")
	require.NoError(t, err)
	require.Contains(t, out, "\n  poll_interval                    duration, default 500ms\n      poll_interval is how often")
	out, err = execute(t, "components", "prometheus")
	require.NoError(t, err)
	require.Contains(t, out, "exporters: prometheus\n")
	_, err = execute(t, "components", "lokki")
	require.EqualError(t, err, `there is no component "lokki"; did you mean "loki"? "tidewatch components" lists what there is`)
	out, err = execute(t, "components", "--schema")
	require.NoError(t, err)
	require.Contains(t, out, `"^tail(/.+)?$"`)
}
