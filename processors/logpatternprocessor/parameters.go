package logpatternprocessor

import (
	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/logpattern"
)

// parameterHolder is who shows the values that vary within a pattern: the console
// extension, which calls params from many goroutines until the agent ends.
type parameterHolder interface {
	ServeParameters(params func(pattern string) []logpattern.Param)
}

// offerParameters tells those who show them.
func (p *patterns) offerParameters(host component.Host) {
	for _, e := range host.GetExtensions() {
		if holder, ok := e.(parameterHolder); ok {
			holder.ServeParameters(p.parameters)
		}
	}
}

// parameters returns the statistics of a pattern, of whichever service it is; nil if
// none has it.
func (p *patterns) parameters(pattern string) []logpattern.Param {
	for _, s := range p.services.all() {
		s.mu.Lock()
		params := s.miner.Params(pattern)
		s.mu.Unlock()
		if params != nil {
			return params
		}
	}
	return nil
}
