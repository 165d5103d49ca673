package consoleextension

import (
	"math"
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/localstore"
)

// baselines is who knows series for longer than an hour: the anomaly connector, which
// starts after this extension.
type baselines struct {
	mu sync.Mutex // guards x
	x  anomaly.Lookout
}

// ServeBaselines says who knows series.
func (c *console) ServeBaselines(x anomaly.Lookout) {
	c.baselines.mu.Lock()
	defer c.baselines.mu.Unlock()
	c.baselines.x = x
}

func (b *baselines) look(id uint64, now time.Time) (anomaly.Outlook, bool) {
	if b == nil {
		return anomaly.Outlook{}, false
	}
	b.mu.Lock()
	x := b.x
	b.mu.Unlock()
	if x == nil {
		return anomaly.Outlook{}, false
	}
	return x.Outlook(id, now)
}

// outlookAnswer is what is known of a series beyond its last hour. Times are Unix
// seconds, steps seconds.
type outlookAnswer struct {
	Time int64 `json:"time"`
	// Known is false for a series of which no baseline is held; the rest is then empty.
	Known          bool    `json:"known"`
	HistorySeconds float64 `json:"history_seconds"`
	// Week are the mean values of the hours of the last week.
	Week     steps `json:"week"`
	Forecast steps `json:"forecast"`
	// Lower and Upper hold nine of ten values of the forecast.
	Lower localstore.Column `json:"forecast_lower"`
	Upper localstore.Column `json:"forecast_upper"`
}

// steps are means of consecutive steps of time, the first of which begins at Begin.
type steps struct {
	Begin  int64             `json:"begin"`
	Step   int64             `json:"step"`
	Values localstore.Column `json:"values"`
}

// outlook answers with the last week of a series, by hours, and its next two hours.
func (a *api) outlook(q *query) (any, error) {
	id, ok := localstore.ParseSeriesID(q.r.PathValue("id"))
	if !ok {
		return nil, badRequest("a series id has 16 hexadecimal digits")
	}
	answer := outlookAnswer{Time: a.now().Unix()}
	o, ok := a.baselines.look(id, a.now())
	if !ok {
		return answer, nil
	}
	answer.Known, answer.HistorySeconds = true, math.Round(o.History.Seconds())
	answer.Week = steps{Begin: o.WeekBegin.Unix(), Step: 3600}
	for _, v := range o.Week {
		answer.Week.Values = append(answer.Week.Values, float32(v))
	}
	if o.Forecast != nil {
		answer.Forecast = steps{Begin: o.ForecastBegin.Unix(), Step: int64(o.ForecastStep.Seconds())}
	}
	for _, p := range o.Forecast {
		answer.Forecast.Values = append(answer.Forecast.Values, float32(p.Value))
		answer.Lower = append(answer.Lower, float32(p.Lower))
		answer.Upper = append(answer.Upper, float32(p.Upper))
	}
	return answer, nil
}
