package main

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// receiver takes remote write of either version and counts the samples, without
// building what a database would.
type receiver struct {
	server          *http.Server
	url             string
	served          sync.WaitGroup
	samples, series atomic.Int64
	requests, bytes atomic.Int64
	v2              atomic.Int64 // requests of version 2
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/api/v1/write"}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	r.served.Go(func() { _ = r.server.Serve(l) }) // always ends with "closed"
	return r, nil
}

func (r *receiver) close() {
	_ = r.server.Close()
	r.served.Wait()
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	series, samples := protowire.Number(1), protowire.Number(2)
	if strings.Contains(req.Header.Get("Content-Type"), "io.prometheus.write.v2.Request") {
		series = 5
		r.v2.Add(1)
	}
	var n, all int64
	each(raw, series, func(ts []byte) {
		all++
		each(ts, samples, func([]byte) { n++ })
	})
	r.samples.Add(n)
	r.series.Add(all)
	r.requests.Add(1)
	r.bytes.Add(int64(len(body)))
	h := w.Header()
	h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.FormatInt(n, 10))
	h.Set("X-Prometheus-Remote-Write-Histograms-Written", "0")
	h.Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	w.WriteHeader(http.StatusNoContent)
}

// each calls fn with every field of a message that has the number.
func each(b []byte, field protowire.Number, fn func([]byte)) {
	for len(b) > 0 {
		n, kind, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return
		}
		b = b[tag:]
		if n == field && kind == protowire.BytesType {
			v, size := protowire.ConsumeBytes(b)
			if size < 0 {
				return
			}
			fn(v)
			b = b[size:]
			continue
		}
		size := protowire.ConsumeFieldValue(n, kind, b)
		if size < 0 {
			return
		}
		b = b[size:]
	}
}
