package listentest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
)

// unit is how many zeros a bomb is made of, again and again.
const unit = 4 << 20

// Encodings are those of a Content-Encoding that a server may take.
func Encodings() []string {
	return []string{"gzip", "zlib", "deflate", "zstd", "zstd-window", "zstd-single", "snappy", "x-snappy-framed", "lz4"}
}

// Bomb is a body, and its Content-Encoding, that says it is size bytes of zeros and has
// much fewer: some KB for each 4 MB. Of zlib, which has no way to begin again, and of
// blocks of snappy it has the beginning.
func Bomb(t *testing.T, encoding string, size int64) (body []byte, header string) {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	header = encoding
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib", "deflate":
		w = zlib.NewWriter(&b)
	case "zstd":
		z, err := zstd.NewWriter(&b, zstd.WithWindowSize(1<<20))
		require.NoError(t, err)
		w = z
	case "zstd-window": // a window of 512 MB and a byte
		return []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 19 << 3, 0x09, 0x00, 0x00, 'a'}, "zstd"
	case "zstd-single": // one segment of 32 GB, and a byte
		return append(binary.LittleEndian.AppendUint64([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, 32<<30), 0x09, 0x00, 0x00, 'a'), "zstd"
	case "snappy":
		return append(binary.AppendUvarint(nil, 1<<32-1), "\x00aaaaaaaaaaaa"...), header
	case "x-snappy-framed":
		w = snappy.NewBufferedWriter(&b)
	case "lz4":
		w = lz4.NewWriter(&b)
	default:
		require.Fail(t, "no such encoding", encoding)
	}
	_, err := w.Write(make([]byte, unit))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	if strings.Contains("zlib deflate", encoding) {
		return b.Bytes(), header
	}
	return bytes.Repeat(b.Bytes(), int(size/unit)), header
}

// Allocated is how many bytes do allocates, here and on all goroutines meanwhile.
func Allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// MostForABomb is what a server may allocate for a bomb, in bytes: some times the limit of
// a body, and little beside what the bomb says.
const MostForABomb = 128 << 20

// PostBombs sends a bomb of 10 GB in each encoding to a server whose bodies have at most
// 16 MB, and returns the statuses of its answers by encoding.
func PostBombs(t *testing.T, url, contentType string) map[string]int {
	t.Helper()
	answers := map[string]int{}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	for _, encoding := range Encodings() {
		body, header := Bomb(t, encoding, 10<<30)
		allocated := Allocated(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Content-Encoding", header)
			resp, err := client.Do(r)
			if err != nil { // it hung up before all was sent
				answers[encoding] = http.StatusRequestEntityTooLarge
				return
			}
			defer resp.Body.Close()
			answers[encoding] = resp.StatusCode
		})
		require.Less(t, allocated, uint64(MostForABomb), encoding)
	}
	return answers
}
