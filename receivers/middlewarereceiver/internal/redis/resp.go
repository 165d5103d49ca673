package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

const (
	// maxLine bounds an error or a status, maxReply what INFO may be: 5 to 50 KB are
	// usual.
	maxLine  = 1 << 10
	maxReply = 2 << 20
)

var errNotRedis = errors.New("this is not Redis")

// connection speaks as much of Redis' protocol as is needed to ask for one text.
type connection struct {
	net.Conn
	in *bufio.Reader
}

func newConnection(conn net.Conn) *connection {
	return &connection{conn, bufio.NewReaderSize(conn, 16<<10)}
}

// ask sends a command, and returns its answer: a status or a bulk string.
func (c *connection) ask(ctx context.Context, args ...string) (string, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	command := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := c.Write(command); err != nil {
		return "", err
	}
	return readReply(c.in)
}

// readReply reads a status, an error, or a bulk string.
func readReply(in *bufio.Reader) (string, error) {
	line, err := readLine(in)
	if err != nil {
		return "", err
	}
	if line == "" {
		return "", errNotRedis
	}
	switch line[0] {
	case '+':
		return line[1:], nil
	case '-':
		return "", errors.New(line)
	case '$':
		n, err := strconv.ParseUint(line[1:], 10, 32)
		if err != nil {
			return "", errNotRedis
		}
		if n > maxReply {
			return "", fmt.Errorf("the answer has more than %d bytes", maxReply)
		}
		text := make([]byte, n+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return "", err
		}
		return string(text[:n]), nil
	default:
		return "", errNotRedis
	}
}

func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	for len(line) < maxLine {
		b, err := in.ReadByte()
		if err != nil {
			return "", err
		}
		if b == '\n' {
			if n := len(line); n > 0 && line[n-1] == '\r' {
				line = line[:n-1]
			}
			return string(line), nil
		}
		line = append(line, b)
	}
	return "", errNotRedis
}
