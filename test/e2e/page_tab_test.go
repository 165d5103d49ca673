//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// seeFor is how long a person looks for what must come, on a busy machine.
const seeFor = 90 * time.Second

// tab is a page of a real browser. It hears what a page should not do: complain, throw,
// break its content policy, or ask anybody but the agent.
type tab struct {
	t    *testing.T
	ctx  context.Context
	host string

	mu      sync.Mutex // guards trouble
	trouble []string
}

// openTab shows an address in a browser of the test's own.
func openTab(t *testing.T, browser, address string) *tab {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	b := &tab{t: t, ctx: openBrowser(t, browser), host: u.Host}
	b.run(chromedp.EmulateViewport(1280, 900)) // the first action opens the tab
	require.NoError(t, chromedp.Listen(b.ctx, b.hear))
	_, err = chromedp.Call(b.ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	b.run(chromedp.Navigate(address))
	return b
}

func (b *tab) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		b.trouble = append(b.trouble, fmt.Sprintf("%+v", *e.Entry))
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, fmt.Sprintf("%+v", *e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprintf("console: %s", e.Args[0].Value))
	case *page.EventJavascriptDialogOpening:
		b.trouble = append(b.trouble, "dialog: "+e.Message)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Host != b.host && u.Scheme != "data" {
			b.trouble = append(b.trouble, "a request to "+e.Request.URL)
		}
	}
}

// clean fails if the page did what it should not.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.trouble)
}

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

func (b *tab) eval(javascript string) any {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](javascript))
	require.NoError(b.t, err, javascript)
	return v
}

// see waits for what a person would: javascript is true as soon as it can be seen. A page
// that is on its way to another cannot be asked, and is asked again.
func (b *tab) see(what, javascript string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, seeFor)
	defer cancel()
	for {
		seen, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+javascript+")"))
		if seen && err == nil {
			return
		}
		if ctx.Err() != nil {
			is, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + " " + JSON.stringify(document.body.dataset) + "\n" + document.body.innerText.slice(0, 3000)`))
			require.FailNow(b.t, "a person does not see "+what, "%s\n%v\nThe page is %s\nIt did: %v", javascript, err, is, b.trouble)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// click waits for the element, and clicks it.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.see("something to click", fmt.Sprintf(`document.querySelector(%q)?.checkVisibility()`, selector))
	b.run(chromedp.Click(chromedp.CSS(selector)))
}

// visit goes to a view, and waits until it has its numbers.
func (b *tab) visit(hash string) {
	b.t.Helper()
	b.eval(fmt.Sprintf(`location.hash = %q`, hash))
	b.see("the view "+hash, fmt.Sprintf(`location.hash.startsWith(%q) && document.body.dataset.ready === location.hash`, hash))
}
