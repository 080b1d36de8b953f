package form

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// startBrowser starts a headless Chromium that finds these hosts at other
// addresses. It ends with the test.
func startBrowser(t *testing.T, hosts map[string]string) context.Context {
	t.Helper()
	path := find(t, "chromium", "chromium-browser", "google-chrome")
	rules := []string{"MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"}
	for host, address := range hosts {
		rules = append([]string{"MAP " + host + " " + address}, rules...)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")))
	if os.Geteuid() == 0 { // Chromium's sandbox refuses root
		opts = append(opts, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// find returns the first program of these that there is.
func find(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("none of %v is installed; .ci/setup installs what the tests need", names)
	return ""
}

// tab is one page of the browser.
type tab struct {
	*testing.T
	ctx context.Context
	axe string // the library's source
}

// patience bounds what a page may take.
const patience = 60 * time.Second

// open opens an address in a tab of its own, on a telephone's screen.
func open(t *testing.T, browser context.Context, axe, address string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 4*patience)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx, axe: axe}
	b.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(address))
	return b
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

// press sends keys to whatever has the focus.
func (b *tab) press(keys string) {
	b.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// focused is the id or the text of what has the focus.
func (b *tab) focused() string {
	b.Helper()
	return ask[string](b, `(e => e.id || e.innerText || e.tagName)(document.activeElement || {tagName: "nothing yet"})`)
}

// tabTo goes on with the tabulator key until something has the focus.
func (b *tab) tabTo(target string) {
	b.Helper()
	var seen []string
	for range 40 {
		b.press("\t")
		at := b.focused()
		if at == target {
			return
		}
		seen = append(seen, at)
	}
	b.Fatalf("the tabulator never reaches %q, but %q", target, seen)
}

// arrives waits until the tab is at an address that begins so, and the page
// shows a text.
func (b *tab) arrives(address, text string) {
	b.Helper()
	var at, body string
	defer func() {
		if b.Failed() {
			b.Logf("the page at %s:\n%s", at, body)
		}
	}()
	eventually(b.T, "at "+address+" with "+text, func() bool {
		// While the page changes there is nothing to be asked.
		at, _ = chromedp.Run(b.ctx, chromedp.Location())
		body, _ = chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
		return strings.HasPrefix(at, address) && strings.Contains(body, text)
	})
}

// violation is what axe finds.
type violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Nodes  []string `json:"nodes"`
}

func (b *tab) violations() []violation {
	b.Helper()
	return ask[[]violation](b, b.axe+`;axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v =>
		({id: v.id, impact: v.impact, nodes: v.nodes.map(n => n.html + " " + n.failureSummary)})))`)
}

// accessible looks at the page as it stands with axe, by day and by night, and
// whether it fits a narrow screen.
func (b *tab) accessible(page string) {
	b.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.do(media(scheme))
		for _, v := range b.violations() {
			b.Errorf("%s, %s: axe finds %s (%s): %s", page, scheme, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
		}
	}
	b.do(media("light"))
	if wide := ask[int](b, `document.documentElement.scrollWidth - window.innerWidth`); wide > 0 {
		b.Errorf("%s: %d pixels wider than the screen", page, wide)
	}
}

func media(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

// loadAxe installs axe in a folder of its own and returns its source.
func loadAxe(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		content, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), find(t, "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("if (!window.axe) { %s }", source)
}
