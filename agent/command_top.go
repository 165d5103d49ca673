package agent

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// topInterval is how often the agent is asked.
const topInterval = 2 * time.Second

// onceWidth is the width of --once where nothing tells another one.
const onceWidth = 160

func newTopCommand() *cobra.Command {
	var p page
	var once bool
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch the running agent: rates, queues, patterns, findings and incidents, each 2 seconds",
		Long: `Shows what goes through the running agent and what it finds. Tab or the arrows left
and right change the view, up and down move the lines, / filters them, p pauses, q
quits. Without a terminal, or with --once, prints everything once. $NO_COLOR turns
colours off.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, out, isTerminal := terminals(cmd)
			if once || !isTerminal {
				return topOnce(cmd.Context(), &p, cmd.OutOrStdout())
			}
			return watchTop(cmd.Context(), &p, in, out)
		},
	}
	p.flags(cmd.Flags())
	cmd.Flags().BoolVar(&once, "once", false, "print everything once, as plain text")
	return cmd
}

// terminals are where keys come from and where lines go, if both are a terminal.
func terminals(cmd *cobra.Command) (in, out *os.File, ok bool) {
	in, inOK := cmd.InOrStdin().(*os.File)
	out, outOK := cmd.OutOrStdout().(*os.File)
	ok = inOK && outOK && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb"
	return in, out, ok
}

func topOnce(ctx context.Context, p *page, w io.Writer) error {
	var s topState
	now := time.Now()
	if err := s.read(ctx, p, now); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Join(s.once(&topView{width: onceWidth, now: now}), "\n")+"\n")
	return err
}

// watchTop owns the terminal until a person quits.
func watchTop(ctx context.Context, p *page, in, out *os.File) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("take the terminal: %w; --once needs none", err)
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }() // a terminal that is gone needs nothing
	fmt.Fprint(out, "\x1b[?1049h\x1b[?25l")                   // another screen, no cursor
	defer fmt.Fprint(out, "\x1b[?25h\x1b[?1049l")
	t := topScreen{
		size: func() (int, int) {
			w, h, err := term.GetSize(int(out.Fd()))
			if err != nil || w <= 0 || h <= 0 {
				return 80, 24
			}
			return w, h
		},
		out:  out,
		view: topView{color: os.Getenv("NO_COLOR") == ""},
	}
	// The reader ends with the process: a read of a terminal cannot be called off.
	keys := make(chan []byte)
	go func() {
		defer close(keys)
		for {
			b := make([]byte, 64)
			n, err := in.Read(b)
			if err != nil {
				return
			}
			select {
			case keys <- b[:n]:
			case <-ctx.Done():
				return
			}
		}
	}()
	return t.run(ctx, keys, func(ctx context.Context, s *topState) error { return s.read(ctx, p, time.Now()) })
}

// topScreen is the loop between the agent, the keys and the terminal.
type topScreen struct {
	size  func() (width, height int)
	out   io.Writer
	state topState
	view  topView
	drawn string
}

// answer is what a look at the agent brought.
type answer struct {
	state topState
	err   error
}

// run draws until a key, a signal or the end of the keys says to stop. One look at the
// agent is under way at a time, and waited for at the end.
func (t *topScreen) run(ctx context.Context, keys <-chan []byte, read func(context.Context, *topState) error) error {
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan answer)
	looking := false
	look := func() {
		looking = true
		go func() {
			var a answer
			a.err = read(ctx, &a.state)
			answers <- a
		}()
	}
	defer func() {
		cancel()
		if looking {
			<-answers
		}
	}()
	ask := time.NewTicker(topInterval)
	defer ask.Stop()
	resize := time.NewTicker(topInterval / 8) // a resize is seen without a signal, on every system
	defer resize.Stop()
	look()
	for {
		t.draw(time.Now())
		select {
		case <-ctx.Done():
			return nil
		case a := <-answers:
			looking = false
			t.take(a, time.Now())
		case <-ask.C:
			if !looking && !t.view.paused {
				look()
			}
		case <-resize.C:
		case b, ok := <-keys:
			if !ok || t.view.press(b) {
				return nil
			}
		}
	}
}

func (t *topScreen) take(a answer, now time.Time) {
	if a.err == nil {
		t.state = a.state
		return
	}
	if t.state.lost == "" {
		t.state.lostSince = now
	}
	t.state.lost = a.err.Error()
}

// draw writes the frame if it differs from the one that is there.
func (t *topScreen) draw(now time.Time) {
	t.view.width, t.view.height = t.size()
	t.view.now = now
	if t.view.paused && !t.state.at.IsZero() {
		t.view.now = t.state.at
	}
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, line := range t.state.render(&t.view) {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line + "\x1b[K")
	}
	b.WriteString("\x1b[J")
	if frame := b.String(); frame != t.drawn {
		t.drawn = frame
		_, _ = io.WriteString(t.out, frame) // a terminal that is gone closes the keys, too
	}
}

// press takes what a key sent; done is true for those that quit.
func (v *topView) press(b []byte) (done bool) {
	for len(b) > 0 {
		key := string(b[:1])
		if len(b) >= 3 && b[0] == 0x1b && (b[1] == '[' || b[1] == 'O') {
			key = string([]byte{'[', b[2]})
			b = b[3:]
			if len(b) > 0 && b[0] == '~' {
				b = b[1:]
			}
		} else {
			b = b[1:]
		}
		if v.key(key) {
			return true
		}
	}
	return false
}

func (v *topView) key(key string) (done bool) {
	if v.editing {
		v.edit(key)
		return key == "\x03"
	}
	switch key {
	case "q", "\x03", "\x04":
		return true
	case "\t", "[C", "l":
		v.tab, v.offset = (v.tab+1)%len(topTabs), 0
	case "[D", "[Z", "h":
		v.tab, v.offset = (v.tab+len(topTabs)-1)%len(topTabs), 0
	case "[B", "j":
		v.offset++ // drawing brings it back into the range
	case "[A", "k":
		v.offset = max(v.offset-1, 0)
	case " ", "[6":
		v.offset += max(v.height-6, 1)
	case "[5":
		v.offset = max(v.offset-max(v.height-6, 1), 0)
	case "p":
		v.paused = !v.paused
	case "/":
		v.editing, v.offset = true, 0
	case "1", "2", "3", "4":
		v.tab, v.offset = int(key[0]-'1'), 0
	}
	return false
}

// edit changes the filter.
func (v *topView) edit(key string) {
	switch {
	case key == "\r" || key == "\n":
		v.editing = false
	case key == "\x1b":
		v.editing, v.filter = false, ""
	case key == "\x7f" || key == "\b":
		if r := []rune(v.filter); len(r) > 0 {
			v.filter = string(r[:len(r)-1])
		}
	case key[0] >= ' ' && len(key) == 1 && len(v.filter) < 80:
		v.filter += key
	}
}
