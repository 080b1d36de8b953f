package console

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/console/text"
)

var (
	update = flag.Bool("update", false, "write the accessibility trees anew")
	night  = flag.Bool("dark", false, "keep pictures of the pages by night, too")
)

// page is a page to be looked at: the place that answers, and an address of it.
type page struct{ name, place, path string }

// more: it is one more of its kind, which has no tree and no picture.
func (p page) more() bool { return strings.HasPrefix(p.name, "more-") }

// empty: it has nothing to show but what to do next.
func (p page) empty() bool { return strings.HasPrefix(p.name, "empty-") }

// drawn: a script draws it.
func (p page) drawn() bool { return strings.HasPrefix(p.path, "/docs/") }

// widths of screens: a desk's, a tablet's, a telephone's.
var widths = []int64{1600, 768, 360}

// TestPages looks at every page, with two tabs of one window at once.
func TestPages(t *testing.T) {
	t.Parallel()
	h := startFull(t)
	chromium := browser.Start(t, nil)
	tab := h.first(t, chromium, "ada")
	pages := h.pages(h.fill())
	everyPage(t, pages)
	next := make(chan page)
	var all sync.WaitGroup
	for _, tab := range []*browser.Tab{tab, chromium.Open(t, "")} {
		all.Go(func() {
			for p := range next {
				look(t, h, tab, p)
			}
		})
	}
	for _, p := range pages {
		next <- p
	}
	close(next)
	all.Wait()
	guarded(t, h, tab)
}

// guarded checks that no page runs or is dressed by what stands in it, and that
// it would be heard.
func guarded(t *testing.T, h *hub, tab *browser.Tab) {
	t.Helper()
	for _, path := range []string{"/", "/docs/citrusad"} {
		tab.Go(h.app.URL() + path)
		if ran := browser.Ask[bool](tab, `(() => {
			document.body.setAttribute("style", "color: red");
			const inline = document.createElement("script");
			inline.textContent = "window.ran = true";
			document.body.append(inline);
			return !!window.ran || getComputedStyle(document.body).color === "rgb(255, 0, 0)";
		})()`); ran {
			t.Errorf("%s allows what is written in it", path)
		}
		heard := ""
		browser.Eventually(t, "the policy is heard", func() bool {
			heard += strings.Join(tab.Troubles(), "\n")
			return strings.Contains(heard, "style-src") && strings.Contains(heard, "script-src")
		})
	}
}

// look looks at the page with axe by day and by night, by its accessibility
// tree, for pictures, and whether it fits in every language.
func look(t *testing.T, h *hub, tab *browser.Tab, p page) {
	t.Helper()
	open(t, h, tab, p)
	if !p.more() {
		golden(t, p.name, masked(tab.Tree()))
	}
	accessible(t, p, "light", tab.Violations())
	if !p.empty() && !p.more() { // they have no colours of their own
		byNight(t, tab, p)
	}
	fits(t, tab, p)
	if p.drawn() && !p.more() {
		for _, lang := range text.Languages[1:] {
			tab.Language(lang)
			open(t, h, tab, p)
			misfits(t, p, lang, widths[0], tab.Misfits())
			tab.Resize(widths[2], 900)
			misfits(t, p, lang, widths[2], tab.Misfits())
		}
		tab.Language("en")
	}
	for _, trouble := range tab.Troubles() {
		t.Errorf("%s: %s", p.name, trouble)
	}
}

// open goes to the page, where nothing may be wrong.
func open(t *testing.T, h *hub, tab *browser.Tab, p page) {
	t.Helper()
	tab.Resize(widths[0], 900)
	tab.Go(h.app.URL() + p.path)
	if status := browser.Ask[int](tab, `performance.getEntriesByType("navigation")[0].responseStatus`); status != 200 {
		t.Errorf("%s answers %d", p.path, status)
	}
	if p.drawn() {
		tab.Do(chromedp.WaitVisible("#docs-ui .opblock"))
	}
}

func byNight(t *testing.T, tab *browser.Tab, p page) {
	t.Helper()
	tab.Scheme("dark")
	accessible(t, p, "dark", tab.Violations("color-contrast"))
	if *night {
		tab.Shoot(filepath.Join("screenshots", p.name+"-en-dark.png"))
	}
	tab.Scheme("light")
}

func accessible(t *testing.T, p page, scheme string, found []browser.Violation) {
	t.Helper()
	for _, v := range found {
		if v.Impact == "serious" || v.Impact == "critical" {
			t.Errorf("%s, %s: axe finds %s (%s): %s", p.name, scheme, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
		}
	}
}

// fits looks whether the page fits screens of all widths, and keeps pictures.
func fits(t *testing.T, tab *browser.Tab, p page) {
	t.Helper()
	for _, width := range widths {
		if width == widths[1] && (p.more() || p.empty()) {
			continue
		}
		tab.Resize(width, 900)
		misfits(t, p, "en", width, tab.Misfits())
		if !p.more() && !p.empty() {
			tab.Shoot(filepath.Join("screenshots", fmt.Sprintf("%s-en-%d.png", p.name, width)))
		}
		if width == widths[1] {
			continue // it is laid out as the narrow one is
		}
		for _, lang := range text.Languages[1:] {
			misfits(t, p, lang, width, tab.MisfitsIn(lang))
		}
	}
}

func misfits(t *testing.T, p page, lang string, width int64, found []string) {
	t.Helper()
	for _, what := range found {
		t.Errorf("%s in %s at %d pixels: %s", p.name, lang, width, what)
	}
}

// everyPage: a page that the list lacks is one that nobody looks at.
func everyPage(t *testing.T, pages []page) {
	t.Helper()
	listed := map[string]bool{}
	for _, p := range pages {
		listed[p.place] = true
	}
	for _, place := range console.Pages() {
		if !listed[place] {
			t.Errorf("%s is not looked at", place)
		}
		delete(listed, place)
	}
	for place := range listed {
		t.Errorf("%s is no page", place)
	}
}

// golden compares a tree with the file that was looked at.
func golden(t *testing.T, name, tree string) {
	t.Helper()
	file := filepath.Join("testdata", "trees", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(tree), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v; run with -update", err)
		return
	}
	if tree != string(want) {
		t.Errorf("%s: the tree is another one; look at it, and run with -update:\n%s", name, tree)
	}
}
