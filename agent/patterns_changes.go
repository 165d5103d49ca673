package agent

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/logpattern/change/stream"
)

// writeChanges prints the alerts on the lines of several services, each as soon
// as it is known.
func (f *patternFlags) writeChanges(out *bufio.Writer, in *patternInput, files []string) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	opt := stream.Options{Patterns: logpattern.Options{NoHeader: f.content}, Since: f.after}
	d := stream.New(opt, func(a *stream.Alert) error {
		if err := e.Encode(a); err != nil {
			return err
		}
		return out.Flush()
	})
	for _, name := range files {
		if err := in.lines(name, new(logformat.Clock), d.Add); err != nil {
			return err
		}
	}
	if n := d.Summary().Skipped; n > 0 {
		return fmt.Errorf("%d lines were of more services than are told apart", n)
	}
	return nil
}
