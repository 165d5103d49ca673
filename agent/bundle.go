package agent

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/redact"
)

// Bounds of a bundle: what is longer is cut at its beginning, since the end is the newest.
const (
	maxBundleFile  = 4 << 20
	maxBundleTotal = 32 << 20
)

// bundleFile is one thing that a bundle tries to have.
type bundleFile struct {
	name, about string
	// binary is left as it is: it has no text of anybody.
	binary bool
	read   func(ctx context.Context) ([]byte, error)
}

// bundle gathers files, takes secrets out of them and writes them down.
type bundle struct {
	redactor *redact.Redactor
	// canaries are secrets by their value: those of the configuration and environment.
	canaries []string
	now      time.Time
}

func newBundle(canaries []string, now time.Time) (*bundle, error) {
	classes, err := redact.ParseClasses([]string{"secrets"})
	if err != nil {
		return nil, fmt.Errorf("set up redaction: %w", err)
	}
	r, err := redact.New(redact.Settings{Classes: classes, Action: redact.Mask})
	if err != nil {
		return nil, fmt.Errorf("set up redaction: %w", err)
	}
	return &bundle{redactor: r, canaries: canaries, now: now}, nil
}

// clean takes the secrets out of a text and says how many there were.
func (b *bundle) clean(text string) (clean string, n int) {
	for _, c := range b.canaries {
		n += strings.Count(text, c)
		text = strings.ReplaceAll(text, c, "[REDACTED]")
	}
	p := b.redactor.NewPass()
	var out strings.Builder
	out.Grow(len(text))
	for line := range strings.Lines(text) {
		body := strings.TrimRight(line, "\r\n")
		safe, changed := p.Line(body)
		if changed {
			n++
		}
		out.WriteString(safe)
		out.WriteString(line[len(body):])
	}
	return out.String(), n
}

// write makes the archive at path, which must not be there yet; only its owner may read it.
func (b *bundle) write(ctx context.Context, path string, files []bundleFile) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: give another name to --bundle", path)
	}
	if err != nil {
		return fmt.Errorf("write --bundle: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	return b.writeTo(ctx, f, files)
}

func (b *bundle) writeTo(ctx context.Context, w io.Writer, files []bundleFile) error {
	type part struct {
		name string
		data []byte
	}
	var parts []part
	var manifest, missing strings.Builder
	fmt.Fprintf(&manifest, "Support bundle of tidewatch %s, %s.\n\nIn it (name, bytes, redactions, what it is):\n", buildVersion(), b.now.UTC().Format(time.RFC3339))
	total := 0
	for _, f := range files {
		data, err := f.read(ctx)
		if err != nil {
			why, _ := b.clean(oneLine(err.Error()))
			fmt.Fprintf(&missing, "  %-22s %s (%s)\n", f.name, why, f.about)
			continue
		}
		note, n := "", 0
		if !f.binary {
			var text string
			text, n = b.clean(string(data))
			data = []byte(text)
		}
		if len(data) > maxBundleFile || total+len(data) > maxBundleTotal {
			if f.binary {
				fmt.Fprintf(&missing, "  %-22s it has %d bytes, more than fit (%s)\n", f.name, len(data), f.about)
				continue
			}
			note = fmt.Sprintf("; only the end of %d bytes", len(data))
			data = data[len(data)-max(min(maxBundleFile, maxBundleTotal-total), 0):]
		}
		total += len(data)
		parts = append(parts, part{f.name, data})
		fmt.Fprintf(&manifest, "  %-22s %9d %4d  %s%s\n", f.name, len(data), n, f.about, note)
	}
	if missing.Len() > 0 {
		manifest.WriteString("\nNot in it, since it could not be had:\n" + missing.String())
	}
	manifest.WriteString(bundleNever)
	zip := gzip.NewWriter(w)
	archive := tar.NewWriter(zip)
	for _, p := range append([]part{{"MANIFEST.txt", []byte(manifest.String())}}, parts...) {
		header := tar.Header{Name: "tidewatch-bundle/" + p.name, Mode: 0o600, Size: int64(len(p.data)), ModTime: b.now.Truncate(time.Second), Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(&header); err != nil {
			return fmt.Errorf("write bundle: %w", err)
		}
		if _, err := io.Copy(archive, bytes.NewReader(p.data)); err != nil {
			return fmt.Errorf("write bundle: %w", err)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

const bundleNever = `
Never in it: log lines, spans and metrics of what is observed (but what findings and
incidents quote, with --bundle-findings), what waits in queues, learned baselines and
patterns, files of secrets, certificates and keys.

Secrets are taken out three times: values of secret keys of the configuration are masked
where it is printed, their values are searched for in every text, and so is what looks
like a credential (passwords and tokens with their names, keys of vendors, JWT, private
keys, passwords in URLs). Names of hosts, services, files and addresses stay: read the
files before you hand them on.
`
