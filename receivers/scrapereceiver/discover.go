package scrapereceiver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"github.com/prometheus/common/model"

	"github.com/tidewatch/tidewatch/internal/kubelet"
)

const (
	// maxTargetFile bounds a file with targets, maxTargetFiles their number.
	maxTargetFile  = 8 << 20
	maxTargetFiles = 1000
	labelFilePath  = "__meta_filepath"
)

// discovery finds targets. It belongs to one goroutine.
type discovery struct {
	r         *scrapeReceiver
	directory *kubelet.Directory // nil if no job needs it
	files     map[string]targetFile
	bad       map[string]string // what is wrong, by file or job: said once
	errors    int
}

// targetFile is what a file held when it could be read last.
type targetFile struct {
	state  string
	groups []Group
}

// targets are all that there are to be, those of the first jobs first.
func (d *discovery) targets() []*target {
	var all []*target
	d.errors = 0
	files, bad := map[string]targetFile{}, map[string]string{}
	for _, j := range d.r.jobs {
		add := func(discovered map[string]string, resource []pair, change func(*target)) {
			t, err := j.newTarget(discovered, resource)
			switch {
			case err != nil:
				d.complain(bad, "job "+j.cfg.Name, err)
			case t != nil:
				if change != nil {
					change(t)
				}
				all = append(all, t)
			}
		}
		groups := func(list []Group, extra map[string]string) {
			for _, g := range list {
				for _, address := range g.Targets {
					set := maps.Clone(extra)
					maps.Copy(set, g.Labels)
					set[model.AddressLabel] = address
					add(set, nil, nil)
				}
			}
		}
		groups(j.cfg.Static, map[string]string{})
		for _, path := range d.paths(j, bad) {
			f, err := d.file(path)
			if err != nil {
				d.complain(bad, path, err)
			}
			files[path] = f
			groups(f.groups, map[string]string{labelFilePath: path})
		}
		d.kubeletTargets(j, add)
		d.podTargets(j, add)
	}
	d.files, d.bad = files, bad
	return all
}

// complain counts an error, and says it if it is a new one.
func (d *discovery) complain(bad map[string]string, what string, err error) {
	d.errors++
	d.r.telemetry.discovery.Add(d.r.stop, 1, d.r.telemetry.with(attribute.String("kind", "target")))
	if bad[what] == "" {
		bad[what] = err.Error()
		if d.bad[what] != bad[what] {
			d.r.set.Logger.Warn("targets cannot be read; those that were known are kept", zap.String("from", what), zap.Error(err))
		}
	}
}

// paths are the files of a job, by name.
func (d *discovery) paths(j *job, bad map[string]string) []string {
	var paths []string
	for _, f := range j.cfg.Files {
		for _, pattern := range f.Files {
			found, err := filepath.Glob(pattern)
			if err != nil {
				d.complain(bad, pattern, err)
			}
			paths = append(paths, found...)
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if len(paths) > maxTargetFiles {
		d.complain(bad, "job "+j.cfg.Name, fmt.Errorf("there are %d files with targets, more than %d", len(paths), maxTargetFiles))
		paths = paths[:maxTargetFiles]
	}
	return paths
}

// file reads a file if it has changed. Where it cannot be read, it is as before.
func (d *discovery) file(path string) (targetFile, error) {
	old := d.files[path]
	info, err := os.Stat(path)
	if err != nil {
		return old, fmt.Errorf("look at targets: %w", err)
	}
	state := fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
	if old.state == state {
		return old, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return old, fmt.Errorf("open targets: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTargetFile+1))
	if err != nil {
		return old, fmt.Errorf("read targets: %w", err)
	}
	if len(b) > maxTargetFile {
		return old, fmt.Errorf("read targets: the file is longer than %d bytes", maxTargetFile)
	}
	groups, err := parseGroups(b, filepath.Ext(path) == ".json")
	if err != nil {
		return old, fmt.Errorf("read targets: %w", err)
	}
	return targetFile{state, groups}, nil
}

// parseGroups reads a list of targets with labels.
func parseGroups(b []byte, isJSON bool) ([]Group, error) {
	var groups []Group
	if isJSON {
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.DisallowUnknownFields()
		return groups, dec.Decode(&groups)
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&groups); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return groups, nil
}
