package app_test

import (
	"archive/zip"
	"bytes"
	"net/url"
	"regexp"
	"strings"
	"testing"

	consoletext "github.com/ordermux/ordermux/internal/console/text"
)

// speaks checks that pages lack no text in any language.
func (b *browser) speaks(paths ...string) {
	b.t.Helper()
	was := b.lang
	for _, b.lang = range consoletext.Languages {
		for _, path := range paths {
			status, page := b.do("GET", path, nil)
			if lost := unsaid.FindString(page); status != 200 || lost != "" || !strings.Contains(page, `<html lang="`+b.lang+`">`) {
				b.t.Errorf("%s in %s: %d, %s\n%s", path, b.lang, status, lost, page)
			}
		}
	}
	b.lang = was
}

// found is what the first group of a pattern stands for on a page.
func (b *browser) found(page, pattern string) string {
	b.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if m == nil {
		b.t.Fatalf("%s is not in\n%s", pattern, page)
	}
	return m[1]
}

func TestConsoleListens(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	vi := ada.joins(h, "vi", "viewer")
	const list = "/shops/nordlys/listening"
	ada.sees("GET", list, nil, 200, "Nothing was listened to", `value="door:citrusad"`, `value="route:ads"`)
	if page := vi.sees("GET", list, nil, 200, "Nothing was listened to"); strings.Contains(page, "Start listening") {
		t.Error("a viewer is offered to listen")
	}
	vi.sees("POST", list, url.Values{"what": {"door:citrusad"}, "minutes": {"5"}}, 403)
	ada.sees("POST", list, url.Values{"what": {"door:citrusad"}, "minutes": {"9999"}, "gate": {"/v1<x>"}}, 400, "seconds", `value="9999"`, `value="/v1&lt;x&gt;"`, "This was not taken")
	ada.sees("POST", list, url.Values{"minutes": {"5"}}, 400, "name a door or a route")

	page := ada.sees("POST", list, url.Values{"what": {"door:citrusad"}, "minutes": {"5"}, "gate": {"/v1/orders"}}, 200, "Listening for 5 minutes", "Door citrusad", "No call was heard yet")
	at := ada.found(page, `action="(/shops/nordlys/listening/shop/[a-z0-9]+)"`)
	h.give(oneOrder("o-1", "3.00"))
	if status, _ := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-12345", "{"); status != 400 {
		t.Error(status)
	}
	eventually(t, "two calls are counted", func() bool {
		_, page := ada.do("GET", at, nil)
		return strings.Contains(page, "<strong>2</strong>")
	})
	ada.sees("GET", at, nil, 200, `<circle class="fault"`, `<desc id="picture-desc">2 calls between`, "&#43;0", "/v1/orders", `data-label="Calls made">2</td>`, "data-live=\"live-report\"")
	ada.sees("GET", list, nil, 200, at, "2 calls")
	if page := vi.sees("GET", at, nil, 200, "format=zip"); strings.Contains(page, "Stop listening") {
		t.Error("a viewer is offered to stop")
	}
	ada.speaks(list, at)
	ada.sees("POST", at, url.Values{}, 200, "The listening has ended", "ended")
	_, file := vi.do("GET", at+"/export?format=zip", nil)
	z, err := zip.NewReader(bytes.NewReader([]byte(file)), int64(len(file)))
	if err != nil || len(z.File) != 5 {
		t.Fatalf("%v %v", z, err)
	}
	vi.sees("GET", at+"/export?format=har", nil, 200, `"log"`)
	ada.sees("GET", list+"/shop/none", nil, 404)
	ada.sees("GET", list+"/shop/none/export", nil, 404)

	page = ada.sees("POST", list, url.Values{"what": {"door:citrusad"}, "minutes": {"5"}, "nobody": {"1"}, "keep_personal": {"1"}}, 200, "not signed in", "handle what you download with care")
	at = ada.found(page, `action="(/shops/nordlys/listening/hub/[a-z0-9]+)"`)
	if status, _ := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic wrong", oneOrder("o-2", "3.00")); status != 401 {
		t.Error(status)
	}
	eventually(t, "the stranger is heard", func() bool {
		_, page := ada.do("GET", at, nil)
		return strings.Contains(page, "<strong>1</strong>")
	})
	vi.sees("GET", at, nil, 200, "only operators may download")
	vi.sees("GET", at+"/export?format=zip", nil, 403)
}
