package logpatternprocessor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/tidewatch/tidewatch/logpattern"
)

// shower is an extension that shows parameters.
type shower struct {
	component.StartFunc
	component.ShutdownFunc
	params func(string) []logpattern.Param
}

func (s *shower) ServeParameters(params func(string) []logpattern.Param) { s.params = params }

type showerHost struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h showerHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

func TestOffersParameters(t *testing.T) {
	s := &shower{}
	host := showerHost{componenttest.NewNopHost(), map[component.ID]component.Component{component.MustNewID("console"): s}}
	p, sink := create(t, createDefaultConfig().(*Config), processortest.NewNopSettings(componentType), host)
	for i := range 20 {
		require.NoError(t, p.ConsumeLogs(t.Context(), batch("web", fmt.Sprintf("took %dms", 10+i%2))))
	}
	params := s.params(lastID(t, sink))
	require.Len(t, params, 1)
	require.Equal(t, "took", params[0].Label)
	require.Equal(t, 2, params[0].Distinct)
	require.Nil(t, s.params("0000000000000000"))
	require.NoError(t, p.Shutdown(t.Context()))
}
