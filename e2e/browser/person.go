package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/ordermux/ordermux/internal/json"
)

// Apart is the browser in the hands of somebody else, with cookies of his own.
// It ends with the test.
func (b *Browser) Apart(t *testing.T) *Browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &Browser{ctx: ctx, axe: b.axe}
}

// choose clicks what begins with a text, if somebody could: it is to be seen and
// nothing lies upon it. It says why it does not.
const choose = `(text => {
	const said = e => e.innerText.replace(/\s+/g, " ").trim();
	const all = [...document.querySelectorAll("main a, main button, main summary, header button")].filter(e => e.checkVisibility({visibilityProperty: true}));
	const e = all.find(e => said(e) === text) || all.find(e => said(e).startsWith(text));
	if (!e) return "there is none among " + JSON.stringify(all.map(said));
	e.scrollIntoView({block: "center", behavior: "instant"});
	const [box] = e.getClientRects();
	const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
	if (!e.contains(at)) return "upon it lies " + (at ? at.outerHTML.slice(0, 200) : "nothing of the page");
	e.click();
	return "";
})`

// Choose clicks the link, the button or the summary of the page's main part or
// its head whose text this is, or begins so, as soon as somebody could.
func (b *Tab) Choose(text string) {
	b.Helper()
	why := ""
	defer func() {
		if b.Failed() {
			b.Logf("%q: %s", text, why)
		}
	}()
	Eventually(b.T, "a click on "+text, func() bool {
		got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](choose+`(`+quoted(text)+`)`))
		why = got
		return err == nil && got == "" // while the page changes there is nothing to be asked
	})
}

// Set gives the field that a CSS selector finds a value, as if it was chosen or
// pasted.
func (b *Tab) Set(selector, value string) {
	b.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SetValue(chromedp.CSS(selector), value))
}

// Reload loads the page again.
func (b *Tab) Reload() {
	b.Helper()
	b.Do(chromedp.Reload())
}

// Mark marks the document that is shown; Marked reports whether it is that one
// still, and was not loaded again.
func (b *Tab) Mark() {
	b.Helper()
	Ask[bool](b, `window.marked = true`)
}

// Marked: see Mark.
func (b *Tab) Marked() bool {
	b.Helper()
	return Ask[bool](b, `window.marked === true`)
}

// Downloads lets the tab's browser download to a folder, and returns what waits
// until a file is there, whole, and returns its bytes.
func (b *Tab) Downloads() (wait func(name string) []byte) {
	b.Helper()
	dir := b.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	if err != nil {
		b.Fatal(err)
	}
	return func(name string) []byte {
		b.Helper()
		var file []byte
		Eventually(b.T, "a download "+name, func() bool {
			found, err := filepath.Glob(filepath.Join(dir, name)) // it has another name while it is not whole
			if err != nil || len(found) != 1 {
				return false
			}
			file, err = os.ReadFile(found[0])
			return err == nil
		})
		return file
	}
}

// closeDialog closes what stops a page.
func closeDialog(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
	return err
}

// Frames are the addresses of what the page's frames show, by name; "" is a page
// that the browser did not let in.
func (b *Tab) Frames() map[string]string {
	b.Helper()
	out := map[string]string{}
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		got, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return err
		}
		for _, child := range got.FrameTree.ChildFrames {
			out[child.Frame.Name] = child.Frame.URL
			if child.Frame.UnreachableURL != "" || strings.HasPrefix(child.Frame.URL, "chrome-error:") {
				out[child.Frame.Name] = ""
			}
		}
		return nil
	}))
	return out
}

// quoted writes a text for a script.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		return `""` // a string has always a form
	}
	return string(b)
}
