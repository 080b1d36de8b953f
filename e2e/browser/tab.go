package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Tab is one page of the browser.
type Tab struct {
	*testing.T
	ctx      context.Context
	axe      func() (string, error)
	troubles *troubles
}

// Patience bounds what a page may take.
const Patience = 60 * time.Second

// Open opens a tab of its own, on a telephone's screen, at an address; "": at
// none.
func (b *Browser) Open(t *testing.T, address string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 15*Patience)
	t.Cleanup(cancel)
	tab := &Tab{T: t, ctx: ctx, axe: b.axe, troubles: new(troubles)}
	tab.hear(t)
	tab.Do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
	if address != "" {
		tab.Go(address)
	}
	return tab
}

// Do runs actions of chromedp.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// Go goes to an address.
func (b *Tab) Go(address string) {
	b.Helper()
	b.Do(chromedp.Navigate(address))
}

// Resize makes the window as wide and high, in CSS pixels.
func (b *Tab) Resize(width, height int64) {
	b.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Scheme makes the page light or dark.
func (b *Tab) Scheme(name string) {
	b.Helper()
	b.media(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: name})
}

func (b *Tab) media(features ...*emulation.MediaFeature) {
	b.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}

// Language makes the tab ask for pages in a language.
func (b *Tab) Language(lang string) {
	b.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		agent, err := chromedp.Run(ctx, chromedp.Evaluate[string](`navigator.userAgent`))
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: lang})
		return err
	}))
}

// Ask evaluates an expression in the page; a promise is awaited.
func Ask[T any](b *Tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

// Press sends keys to whatever has the focus.
func (b *Tab) Press(keys string) {
	b.Helper()
	b.Do(chromedp.KeyEvent(keys))
}

// Focused is the id or the text of what has the focus.
func (b *Tab) Focused() string {
	b.Helper()
	return Ask[string](b, `(e => e.id || e.innerText || e.tagName)(document.activeElement || {tagName: "nothing yet"})`)
}

// TabTo goes on with the tabulator key until something has the focus.
func (b *Tab) TabTo(target string) {
	b.Helper()
	var seen []string
	for range 40 {
		b.Press("\t")
		at := b.Focused()
		if at == target {
			return
		}
		seen = append(seen, at)
	}
	b.Fatalf("the tabulator never reaches %q, but %q", target, seen)
}

// Fill writes into the field that a CSS selector finds.
func (b *Tab) Fill(selector, text string) {
	b.Helper()
	b.Do(chromedp.WaitVisible(selector))
	Ask[string](b, `document.querySelector(`+quoted(selector)+`).value = ""`)
	b.Do(chromedp.SendKeys(selector, text))
}

// Click clicks what a CSS selector finds.
func (b *Tab) Click(selector string) {
	b.Helper()
	b.Do(chromedp.WaitVisible(selector), chromedp.Click(selector))
}

// Arrives waits until the tab is at an address that begins so, and the page
// shows a text.
func (b *Tab) Arrives(address, text string) {
	b.Helper()
	var at, body string
	defer func() {
		if b.Failed() {
			b.Logf("the page at %s:\n%s", at, body)
		}
	}()
	Eventually(b.T, "at "+address+" with "+text, func() bool {
		// While the page changes there is nothing to be asked.
		at, _ = chromedp.Run(b.ctx, chromedp.Location())
		body, _ = chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
		return strings.HasPrefix(at, address) && strings.Contains(body, text)
	})
}

// Shoot writes a picture of the whole page.
func (b *Tab) Shoot(file string) {
	b.Helper()
	var picture []byte
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		yes := true
		shot, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &yes, OptimizeForSpeed: &yes})
		picture = shot.Data
		return err
	}))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		b.Fatal(err)
	}
}

// Eventually waits until ok says so.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(Patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
