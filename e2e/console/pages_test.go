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

var update = flag.Bool("update", false, "write the accessibility trees anew")

// page is a page to be looked at: the place that answers, and an address of it.
type page struct{ name, place, path string }

// widths of screens: a telephone's, a tablet's, a desk's.
var widths = []int64{360, 768, 1600}

// TestPages looks at every page. One test, so that one browser does for all.
func TestPages(t *testing.T) {
	t.Parallel()
	h := startFull(t)
	chromium := browser.Start(t, nil)
	tab := h.first(t, chromium, "ada")
	pages := h.pages(h.fill())
	everyPage(t, pages)
	for _, p := range pages {
		look(t, h, tab, p)
	}
	browser.Ask[bool](tab, `document.body.setAttribute("style", "color: red") === undefined`)
	if len(tab.Troubles()) == 0 {
		t.Error("nobody hears what the policy refuses")
	}

	// Others in the same window are signed in, too.
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			tab := chromium.Open(t, "")
			for _, lang := range text.Languages[1+2*i : 3+2*i] {
				tab.Language(lang)
				for _, p := range pages {
					if !strings.HasPrefix(p.name, "empty-") { // laid out as those that are full
						open(t, h, tab, p)
						fits(t, tab, p, lang)
					}
				}
			}
		})
	}
	all.Wait()
}

// open goes to the page, where nothing may be wrong.
func open(t *testing.T, h *hub, tab *browser.Tab, p page) {
	t.Helper()
	tab.Resize(widths[2], 1000)
	tab.Go(h.app.URL() + p.path)
	if status := browser.Ask[int](tab, `performance.getEntriesByType("navigation")[0].responseStatus`); status != 200 {
		t.Errorf("%s answers %d", p.path, status)
	}
	if strings.HasPrefix(p.path, "/docs/") { // drawn by a script
		tab.Do(chromedp.WaitVisible("#docs-ui .opblock"))
	}
}

// look looks at the page in English, with axe by day and by night, by its
// accessibility tree, and for pictures.
func look(t *testing.T, h *hub, tab *browser.Tab, p page) {
	t.Helper()
	open(t, h, tab, p)
	golden(t, p.name, masked(tab.Tree()))
	accessible(t, p, "light", tab.Violations())
	tab.Scheme("dark")
	accessible(t, p, "dark", tab.Violations("color-contrast"))
	tab.Scheme("light")
	fits(t, tab, p, "en")
	for _, trouble := range tab.Troubles() {
		t.Errorf("%s: %s", p.name, trouble)
	}
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
func fits(t *testing.T, tab *browser.Tab, p page, lang string) {
	t.Helper()
	for _, width := range widths {
		if lang != "en" && width == widths[1] {
			continue // it is laid out as the narrow one is
		}
		tab.Resize(width, 900)
		for _, what := range tab.Misfits() {
			t.Errorf("%s in %s at %d pixels: %s", p.name, lang, width, what)
		}
		if lang == "en" && !strings.HasPrefix(p.name, "empty-") {
			tab.Shoot(filepath.Join("screenshots", fmt.Sprintf("%s-%s-%d.png", p.name, lang, width)))
		}
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
