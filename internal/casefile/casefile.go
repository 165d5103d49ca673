// Package casefile reads recorded incidents from disk: a folder with what was seen
// in a window, and where to find what was usual before. The layout is neutral (JSON
// lines and CSV, compressed by gzip or not), so that data sets of any origin fit in it.
//
//	case.json         window {start_unix, end_unix}, history {spans, logs, metrics, graph: relative paths}
//	spans.jsonl.gz    trace_id, span_id, parent_id (0 is none), service, pod, operation, kind, start_unix_ns, duration_ns, error
//	logs.jsonl.gz     time_unix_ns, service, pod, severity, body, trace_id
//	metrics.csv.gz    time_unix, service, pod or node, and a column per metric
//	edges.csv.gz      time_unix, side (source or destination), caller, callee, p50_s
//	graph             caller, callee
package casefile

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidewatch/tidewatch/rootcause"
)

type manifest struct {
	Window struct {
		Start int64 `json:"start_unix"`
		End   int64 `json:"end_unix"`
	} `json:"window"`
	History struct {
		Spans   string `json:"spans"`
		Logs    string `json:"logs"`
		Metrics string `json:"metrics"`
		Graph   string `json:"graph"`
	} `json:"history"`
}

// Read reads the case in a folder.
func Read(dir string) (rootcause.Input, error) {
	var in rootcause.Input
	var m manifest
	b, err := os.ReadFile(filepath.Join(dir, "case.json"))
	if err != nil {
		return in, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return in, fmt.Errorf("read %s: %w", filepath.Join(dir, "case.json"), err)
	}
	past := func(name string) string {
		if name == "" {
			return ""
		}
		return filepath.Join(dir, filepath.FromSlash(name))
	}
	if err := readTraces(&in, past(m.History.Spans), past(m.History.Logs), dir); err != nil {
		return in, err
	}
	if in.Calls, err = readGraph(past(m.History.Graph)); err != nil {
		return in, err
	}
	err = readSeries(&in, past(m.History.Metrics), dir, float64(m.Window.Start))
	return in, err
}

// open opens a file that may be compressed, or that is there without .gz; nil without an error if there is none.
func open(name string) (io.ReadCloser, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if plain, ok := strings.CutSuffix(name, ".gz"); ok && errors.Is(err, fs.ErrNotExist) {
		name = plain
		f, err = os.Open(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if filepath.Ext(name) != ".gz" {
		return f, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// lines calls f with each line of a file, which is valid until f returns.
func lines(name string, f func(line []byte) error) error {
	r, err := open(name)
	if r == nil || err != nil {
		return err
	}
	defer r.Close()
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 16<<20)
	for s.Scan() {
		if err := f(s.Bytes()); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	return s.Err()
}

// table calls f with each row of a file; column says where a column is, -1 for none.
func table(name string, f func(row []string, column map[string]int) error) error {
	r, err := open(name)
	if r == nil || err != nil {
		return err
	}
	defer r.Close()
	c := csv.NewReader(r)
	c.ReuseRecord = true
	head, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	column := make(map[string]int, len(head))
	for i, h := range head {
		column[h] = i
	}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = f(row, column)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
}

func readGraph(name string) (calls []rootcause.Call, err error) {
	err = table(name, func(row []string, column map[string]int) error {
		calls = append(calls, rootcause.Call{Caller: cell(row, column, "caller"), Callee: cell(row, column, "callee")})
		return nil
	})
	return calls, err
}

func cell(row []string, column map[string]int, name string) string {
	if i, ok := column[name]; ok {
		return row[i]
	}
	return ""
}
