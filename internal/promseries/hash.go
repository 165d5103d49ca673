package promseries

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// hashLabels identifies a Prometheus series.
func hashLabels(name string, labels []Label) uint64 {
	var d xxhash.Digest
	d.Reset()
	write := func(s string) {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(len(s))) //nolint:gosec // labels are short
		_, _ = d.Write(n[:])
		_, _ = d.WriteString(s)
	}
	write(name)
	for _, l := range labels {
		write(l.Name)
		write(l.Value)
	}
	return d.Sum64()
}
