package agent

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/drill"
)

const (
	// drillStart is how long an Alertmanager may take to be ready.
	drillStart = time.Minute
	// drillTick is how far apart in life posts are at least: a Prometheus sends alerts together, too.
	drillTick = 50 * time.Millisecond
	// maxNotification bounds the body of a notification.
	maxNotification = 64 << 20
)

// drillRun is one storm.
type drillRun struct {
	flags  *drillFlags
	storm  *drill.Storm
	owners alerts.Owners
	config []byte

	url   string
	began time.Time

	mu    sync.Mutex // guards notes
	notes []drill.Notification
}

// run fires the storm and judges what came of it.
func (r *drillRun) run(ctx context.Context) (drill.Record, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.flags.listen)
	if err != nil {
		return drill.Record{}, fmt.Errorf("listen for notifications: %w", err)
	}
	hook := &http.Server{Handler: http.HandlerFunc(r.notified), ReadHeaderTimeout: 10 * time.Second}
	var served sync.WaitGroup
	served.Go(func() { _ = hook.Serve(listener) }) // ends with Close
	defer served.Wait()
	defer hook.Close()

	plan, err := drill.Configure(r.config, "http://"+listener.Addr().String()+"/", r.flags.speed)
	if err != nil {
		return drill.Record{}, err
	}
	if r.url = strings.TrimSuffix(r.flags.url, "/"); r.url == "" {
		stop, err := r.start(ctx, plan.Config)
		defer stop()
		if err != nil {
			return drill.Record{}, err
		}
	}
	version, err := r.inspect(ctx)
	if err != nil {
		return drill.Record{}, err
	}
	lag, err := r.fire(ctx)
	if err != nil {
		return drill.Record{}, err
	}
	r.mu.Lock()
	notes := r.notes
	r.mu.Unlock()
	if lag > cmp.Or(r.flags.maxLag, max(plan.GroupWait/4, time.Second)) {
		return drill.Record{}, fmt.Errorf("this machine was too busy: an alert was sent %.1f s late, so the result says nothing; try again with a smaller --speed", lag.Seconds())
	}
	budget := r.flags.budget(r.storm.Scenario)
	result := drill.Judge(r.storm, r.owners, notes, budget)
	record := drill.NewRecord(r.storm, r.began, result, budget)
	sum := sha256.Sum256(r.config)
	record.Alertmanager, record.Config = version, hex.EncodeToString(sum[:6])
	record.Speed, record.Lag = r.flags.speed, float64(lag.Round(time.Millisecond))/1e9
	return record, nil
}

// life is a time of the drill's as it would be in life.
func (r *drillRun) life(d time.Duration) time.Duration {
	return time.Duration(float64(d) * r.flags.speed)
}

// notified takes a notification as Alertmanager's webhook sends it.
func (r *drillRun) notified(w http.ResponseWriter, req *http.Request) {
	at := time.Now()
	var in struct {
		Receiver string `json:"receiver"`
		Alerts   []struct {
			Status string            `json:"status"`
			Labels map[string]string `json:"labels"`
		} `json:"alerts"`
	}
	if err := json.NewDecoder(io.LimitReader(req.Body, maxNotification)).Decode(&in); err != nil {
		http.Error(w, "this takes notifications of Alertmanager", http.StatusBadRequest)
		return
	}
	n := drill.Notification{Receiver: drill.Receiver(in.Receiver)}
	for _, a := range in.Alerts {
		n.Alerts = append(n.Alerts, a.Labels)
		n.Firing = append(n.Firing, a.Status == "firing")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.began.IsZero() {
		n.At = r.life(at.Sub(r.began))
		r.notes = append(r.notes, n)
	}
}

var listening = regexp.MustCompile(`Listening on.*address=(\S+:\d+)`)

// start runs an Alertmanager on a free port of loopback; stop ends it and removes what it wrote.
func (r *drillRun) start(ctx context.Context, config []byte) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "tidewatch-drill-")
	if err != nil {
		return func() {}, fmt.Errorf("start Alertmanager: %w", err)
	}
	stop = func() { _ = os.RemoveAll(dir) }
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return stop, fmt.Errorf("start Alertmanager: %w", err)
	}
	am := exec.CommandContext(ctx, r.flags.binary, "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
	am.WaitDelay = 10 * time.Second
	out, err := am.StderrPipe()
	if err != nil {
		return stop, fmt.Errorf("start Alertmanager: %w", err)
	}
	if err := am.Start(); err != nil {
		return stop, fmt.Errorf("start Alertmanager: %w", err)
	}
	address, ended := make(chan string, 1), make(chan struct{})
	var last string // what it said last, read after ended
	go func() {
		defer close(ended)
		for s := bufio.NewScanner(out); s.Scan(); {
			if m := listening.FindStringSubmatch(s.Text()); m != nil {
				select {
				case address <- m[1]:
				default:
				}
			}
			last = s.Text()
		}
	}()
	stop = func() {
		_ = am.Process.Kill() // it may have ended
		<-ended
		_ = am.Wait() // killed
		_ = os.RemoveAll(dir)
	}
	select {
	case at := <-address:
		r.url = "http://" + at
	case <-ended:
		return stop, fmt.Errorf("start Alertmanager: it ended, and said last: %s", last)
	case <-time.After(drillStart):
		return stop, errors.New("start Alertmanager: it does not listen after a minute")
	case <-ctx.Done():
		return stop, ctx.Err()
	}
	for deadline := time.Now().Add(drillStart); ; {
		err := r.call(ctx, http.MethodGet, "/-/ready", nil, nil)
		if err == nil {
			return stop, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return stop, fmt.Errorf("start Alertmanager: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// inspect refuses an Alertmanager that could call people, or that has alerts already.
func (r *drillRun) inspect(ctx context.Context) (version string, err error) {
	var status struct {
		Config      struct{ Original string }
		VersionInfo struct{ Version string }
	}
	if err := r.call(ctx, http.MethodGet, "/api/v2/status", nil, &status); err != nil {
		return "", err
	}
	if err := drill.Own(status.Config.Original); err != nil && !r.flags.foreign {
		return "", fmt.Errorf("%w. Write a configuration for a drill with --write-config, or let the drill start an Alertmanager by --alertmanager-binary", err)
	}
	var active []struct{}
	if err := r.call(ctx, http.MethodGet, "/api/v2/alerts", nil, &active); err != nil {
		return "", err
	}
	if len(active) > 0 {
		return "", fmt.Errorf("the Alertmanager has %d alerts already: a drill needs an empty one", len(active))
	}
	return status.VersionInfo.Version, nil
}

// fire sends the storm and waits for its end. lag is the most that an alert was late, as in life.
func (r *drillRun) fire(ctx context.Context) (lag time.Duration, err error) {
	began := time.Now()
	r.mu.Lock()
	r.began = began
	r.mu.Unlock()
	end := began.Add(r.real(r.storm.Length))
	defer func() { // a running one shall not keep them
		if r.flags.url != "" {
			err = errors.Join(err, r.end())
		}
	}()
	for events := r.storm.Events(); len(events) > 0; {
		if err := sleep(ctx, time.Until(began.Add(r.real(events[0].At)))); err != nil {
			return lag, err
		}
		first, due := events[0].At, r.life(time.Since(began))
		var batch []map[string]any
		for len(events) > 0 && events[0].At <= max(first, due) {
			batch = append(batch, r.alert(events[0], end))
			events = events[1:]
		}
		if err := r.call(ctx, http.MethodPost, "/api/v2/alerts", batch, nil); err != nil {
			return lag, fmt.Errorf("send alerts: %w", err)
		}
		lag = max(lag, r.life(time.Since(began))-first)
		if err := sleep(ctx, drillTick); err != nil {
			return lag, err
		}
	}
	return lag, sleep(ctx, time.Until(end))
}

// real is how long something takes in the drill.
func (r *drillRun) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / r.flags.speed)
}

func (r *drillRun) alert(e drill.Event, end time.Time) map[string]any {
	a, now := &r.storm.Alerts[e.Alert], time.Now()
	out := map[string]any{"labels": a.Labels, "annotations": a.Annotations, "startsAt": now, "endsAt": end.Add(time.Hour)}
	if !e.Firing {
		out["startsAt"], out["endsAt"] = now.Add(-time.Second), now
	}
	return out
}

// end says of all alerts that they are over.
func (r *drillRun) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	batch := make([]map[string]any, len(r.storm.Alerts))
	for i := range batch {
		batch[i] = r.alert(drill.Event{Alert: i}, time.Time{})
	}
	if err := r.call(ctx, http.MethodPost, "/api/v2/alerts", batch, nil); err != nil {
		return fmt.Errorf("end alerts: %w", err)
	}
	return nil
}

// call asks the Alertmanager; in and out are JSON, if any.
func (r *drillRun) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("ask Alertmanager: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, body)
	if err != nil {
		return fmt.Errorf("ask Alertmanager: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask Alertmanager: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxNotification))
	if err != nil {
		return fmt.Errorf("ask Alertmanager: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("ask Alertmanager: %s %s: %s: %.200s", method, path, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read answer of Alertmanager: %w", err)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
