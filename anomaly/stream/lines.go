package stream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxLine bounds a line of input, in bytes.
const maxLine = 4096

// eachLine reads lines `unixtime,value` and writes for each what answer appends. An
// answer is written before the next line is waited for.
func eachLine(r io.Reader, w io.Writer, answer func(t time.Time, v float64, line []byte) []byte) error {
	in := bufio.NewReaderSize(r, 1<<16)
	out := bufio.NewWriterSize(w, 1<<16)
	var buffer []byte
	for n := 1; ; n++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read line %d: %w", n, err), out.Flush())
		}
		t, v, err := parse(line)
		if err != nil {
			return errors.Join(fmt.Errorf("read line %d: %w", n, err), out.Flush())
		}
		buffer = append(answer(t, v, buffer[:0]), '\n')
		_, _ = out.Write(buffer) // Flush returns the error
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write answer: %w", err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

var errLongLine = fmt.Errorf("line is longer than %d bytes", maxLine)

// readLine returns the next line without its end; io.EOF after the last one.
func readLine(in *bufio.Reader) (string, error) {
	b, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(b) > maxLine:
		return "", errLongLine
	case errors.Is(err, io.EOF) && len(b) > 0:
		err = nil
	}
	return strings.TrimSpace(string(b)), err
}

func parse(line string) (time.Time, float64, error) {
	seconds, value, ok := strings.Cut(line, ",")
	if !ok {
		return time.Time{}, 0, fmt.Errorf("want unixtime,value, have %q", line)
	}
	s, err := strconv.ParseFloat(strings.TrimSpace(seconds), 64)
	if err != nil || !(math.Abs(s) < 1<<33) {
		return time.Time{}, 0, fmt.Errorf("time is not Unix seconds: %q", seconds)
	}
	whole := math.Floor(s)
	t := time.Unix(int64(whole), int64((s-whole)*1e9))
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		v = math.NaN()
	}
	return t, v, nil
}
