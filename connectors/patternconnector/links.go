package patternconnector

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/logpattern/change"
	"github.com/tidewatch/tidewatch/signals"
)

// around is how much before its start a link about a finding begins to look.
const around = 10 * time.Minute

// link fills the placeholders of a URL: `{log.pattern.id}`, `{log.record.template}`,
// `{start_ms}` and `{end_ms}` (from ten minutes before the change until it was
// known), and the names of the entity's attributes. Values are escaped; those that
// are not known are empty.
func link(pattern string, c *change.Change, entity pcommon.Map) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(pattern, '{')
		size := strings.IndexByte(pattern[max(open, 0):], '}')
		if open < 0 || size < 0 {
			b.WriteString(pattern)
			return b.String()
		}
		b.WriteString(pattern[:open])
		b.WriteString(url.QueryEscape(placeholder(pattern[open+1:open+size], c, entity)))
		pattern = pattern[open+size+1:]
	}
}

func placeholder(name string, c *change.Change, entity pcommon.Map) string {
	switch name {
	case signals.AttrPatternID:
		return c.ID
	case signals.AttrTemplate:
		return c.Template
	case "start_ms":
		return strconv.FormatInt(c.Start.Add(-around).UnixMilli(), 10)
	case "end_ms":
		return strconv.FormatInt(c.Time.UnixMilli(), 10)
	}
	if v, ok := entity.Get(name); ok {
		return v.AsString()
	}
	return ""
}

// validateLinks says which link is no URL.
func validateLinks(links []string) error {
	var errs []error
	for i, l := range links {
		u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(l))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			errs = append(errs, fmt.Errorf("links[%d] must be a URL with http or https, not %q", i, l))
		}
	}
	return errors.Join(errs...)
}
