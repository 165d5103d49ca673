// Command soak runs the agent under load while its backends come and go, and judges
// whether anything was lost, doubled or leaked. docs/soak.md says how to read it.
//
//	make soak
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

func main() {
	var r run
	binary := flag.String("binary", "bin/tidewatch", "the agent")
	name := flag.String("plan", "soak", "soak, short, overload or overload-short")
	seconds := flag.Int("seconds", 0, "of load, in place of the plan's; slopes are judged from 20 minutes on")
	flag.Uint64Var(&r.seed, "seed", 1, "what the troubles of the backends follow from")
	flag.StringVar(&r.dir, "out", "", "folder for the results; default bin/soak/PLAN")
	flag.Parse()
	if err := r.main(*binary, *name, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

var errVerdict = errors.New("not everything holds; see the verdict above")

func (r *run) main(binary, name string, seconds int) error {
	p, ok := plans[name]
	if !ok {
		return fmt.Errorf("there is no plan %q; there are soak, short, overload and overload-short", name)
	}
	p.Name = name
	if seconds > 0 {
		p.Slopes = p.Slopes && seconds >= 1200
		p.Warm = min(p.Warm, seconds/4)
		p.Seconds = seconds
	}
	r.plan = p
	if r.dir == "" {
		r.dir = filepath.Join("bin", "soak", name)
	}
	work, err := os.MkdirTemp("", "tidewatch-soak-")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	binary, err = filepath.Abs(binary)
	if err != nil {
		return err
	}
	r.agent = newAgent(binary, work)
	r.say = func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	r.say("%s: %d s of load, %d lines/s, %d series every %d s, %d spans/s, seed %d; %s, %d CPUs; working in %s", p.Name, p.Seconds, p.Lines, p.Series, p.Round, p.Spans, r.seed, binary, runtime.NumCPU(), work)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := r.play(ctx); err != nil {
		return errors.Join(err, r.keep(work))
	}
	ok, err = r.report(os.Stdout, ownCPU().Seconds())
	if err == nil && !ok {
		err = errVerdict
	}
	if err != nil {
		return errors.Join(err, r.keep(work))
	}
	return os.RemoveAll(work)
}

// keep leaves the agent's log beside the results when something went wrong, and removes
// what is large.
func (r *run) keep(work string) error {
	log, err := os.ReadFile(filepath.Join(work, "agent.log"))
	if err == nil {
		err = os.WriteFile(r.path("agent.log"), log, 0o644)
	}
	return errors.Join(err, os.RemoveAll(work))
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
