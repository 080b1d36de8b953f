package console

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/console/text"
)

var update = flag.Bool("update", false, "write the accessibility trees anew")

// page is a page to be looked at: the place that answers, and an address of it.
type page struct {
	name, place, path string
}

var widths = []int64{360, 768, 1600}

// TestPages looks at every page. One test, so that one browser does for all.
func TestPages(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	chromium := browser.Start(t, nil)
	tab := h.first(t, chromium, "ada")
	h.fill()
	pages := h.pages()
	everyPage(t, pages)
	for _, p := range pages {
		tab.Resize(widths[2], 1000)
		tab.Go(h.app.URL() + p.path)
		if status := browser.Ask[int](tab, `performance.getEntriesByType("navigation")[0].responseStatus`); status != 200 {
			t.Errorf("%s answers %d", p.path, status)
			continue
		}
		seen(t, tab, p)
		golden(t, p.name, tab.Tree())
	}
	for _, lang := range text.Languages {
		h.speak(tab, lang)
		for _, p := range pages {
			fits(t, h, tab, p, lang)
		}
	}
	h.speak(tab, "en")
}

// seen looks at the page with axe, by day and by night.
func seen(t *testing.T, tab *browser.Tab, p page) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		tab.Scheme(scheme)
		for _, v := range tab.Violations() {
			if v.Impact == "serious" || v.Impact == "critical" {
				t.Errorf("%s, %s: axe finds %s (%s): %s", p.name, scheme, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
			}
		}
	}
	tab.Scheme("light")
}

// fits looks whether the page fits screens of all widths, and keeps pictures.
func fits(t *testing.T, h *hub, tab *browser.Tab, p page, lang string) {
	t.Helper()
	tab.Go(h.app.URL() + p.path)
	for _, width := range widths {
		tab.Resize(width, 900)
		for _, what := range tab.Misfits() {
			t.Errorf("%s in %s at %d pixels: %s", p.name, lang, width, what)
		}
		if lang == "en" || lang == "pl" && width == widths[0] {
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
	if masked(tree) != string(want) {
		t.Errorf("%s: the tree is another one; look at it, and run with -update:\n%s", name, tree)
	}
}
