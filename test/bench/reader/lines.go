package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

var (
	epoch   = time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)
	levels  = []string{"INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR"}
	loggers = []string{"com.acme.orders.OrderService", "com.acme.pay.PaymentGateway", "com.acme.cart.CartController", "org.hibernate.engine.jdbc", "com.acme.auth.TokenFilter"}
	texts   = []string{"Processed order %d for customer c-%d in %d ms", "Cache miss for key user:%d:%d ttl %d", "Retrying request %d to shard %d attempt %d"}
)

// random is a number that only i and k decide.
func random(i, k uint64) uint64 {
	x := i*0x9E3779B97F4A7C15 + k*0xBF58476D1CE4E5B9
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

func pick(list []string, i, k uint64) string { return list[random(i, k)%uint64(len(list))] }

func instant(i uint64) string {
	return epoch.Add(time.Duration(i) * 137 * time.Microsecond).Format("2006-01-02T15:04:05.000000Z")
}

func text(i uint64) string {
	return fmt.Sprintf(pick(texts, i, 1), random(i, 2)%250, random(i, 3)%250, random(i, 4)%5000)
}

// plainLine has a time, a level, a thread and a logger in front: about 190 bytes.
func plainLine(b []byte, i uint64) []byte {
	return fmt.Appendf(b, "%s %s [worker-%d] %s - line=%010d %s region=eu-west-1 trace=%016x%016x\n",
		instant(i), pick(levels, i, 5), random(i, 6)%32, pick(loggers, i, 7), i, text(i), random(i, 8), random(i, 9))
}

// jsonLine has eight members, one of them an object: about 300 bytes.
func jsonLine(b []byte, i uint64) []byte {
	return fmt.Appendf(b, `{"time":%q,"level":%q,"logger":%q,"msg":"line=%010d %s","trace_id":"%016x%016x","http":{"method":"GET","path":"/api/v1/orders","status":%d},"dur_ms":%d.%d,"host":"web-%d"}`+"\n",
		instant(i), pick(levels, i, 5), pick(loggers, i, 7), i, text(i), random(i, 8), random(i, 9), 200+100*(random(i, 10)%4), random(i, 11)%900, random(i, 12)%10, random(i, 13)%40)
}

// writeLines makes a file of n lines and returns its size.
func writeLines(path string, n int, line func([]byte, uint64) []byte) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	var b []byte
	for i := range n {
		b = line(b[:0], uint64(i))
		if _, err := w.Write(b); err != nil {
			return 0, err
		}
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}
