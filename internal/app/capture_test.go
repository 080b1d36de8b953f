package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/order"
)

// listenTo starts a capture of shop nordlys.
func (h *hub) listenTo(s capture.Spec) capture.Capture {
	h.t.Helper()
	if s.Seconds == 0 {
		s.Seconds = 60
	}
	c, err := h.api.StartCapture(h.t.Context(), "nordlys", s)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// speed returns the report of a capture.
func (h *hub) speed(shop, id string) capture.Report {
	h.t.Helper()
	report, err := h.api.Capture(h.t.Context(), shop, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return report
}

// unzip reads an export and checks that every XML in it is one.
func (h *hub) unzip(id string) map[string]string {
	h.t.Helper()
	var b bytes.Buffer
	if err := h.api.ExportCapture(h.t.Context(), "nordlys", id, "zip", &b); err != nil {
		h.t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			h.t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			h.t.Fatal(err)
		}
		in.Close()
		if _, twice := out[f.Name]; twice {
			h.t.Errorf("%s twice", f.Name)
		}
		out[f.Name] = string(content)
		for d := xml.NewDecoder(bytes.NewReader(content)); strings.HasSuffix(f.Name, ".xml") || strings.HasSuffix(f.Name, ".svg"); {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				h.t.Errorf("%s: %v", f.Name, err)
				break
			}
		}
	}
	return out
}

// TestCaptureOfADoor listens under load: the counts equal the traffic, and
// what is exported shows no key and no address.
func TestCaptureOfADoor(t *testing.T) { eachStore(t, testCaptureOfADoor) }

func testCaptureOfADoor(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop(""))
	h.give(oneOrder("before", "3.00"))
	all, gated := h.listenTo(capture.Spec{Door: "citrusad"}), h.listenTo(capture.Spec{Door: "citrusad", Gate: "/v1/orders/"})
	mine, other := h.listenTo(capture.Spec{Door: "citrusad", Account: "default"}), h.listenTo(capture.Spec{Door: "citrusad", Account: "somebody"})
	none, err := h.api.StartCapture(t.Context(), api.Hub, capture.Spec{Door: "citrusad", Seconds: 60})
	if err != nil {
		t.Fatal(err)
	}
	const clients, each = 8, 25
	var work sync.WaitGroup
	for i := range clients {
		work.Go(func() {
			for n := range each {
				body := strings.Replace(oneOrder(fmt.Sprintf("o-%d-%d", i, n), "3.00"), `"c-1"`, `"ada@customer.example"`, 1)
				if status, text := send(t, "POST", h.URL()+"/citrusad/v1/orders?note=ada@customer.example", "Basic sk-12345", body); status != http.StatusOK {
					t.Errorf("%d %s", status, text)
				}
			}
		})
	}
	work.Wait()
	const asked, wrong, bad = 3, 4, 5
	for range asked {
		send(t, "GET", h.URL()+"/citrusad/v1/orders/o-1-1", "Basic sk-12345", "")
	}
	for range wrong {
		send(t, "GET", h.URL()+"/citrusad/v1/orders/o-1-1", "Basic sk-wrong-key", "")
	}
	for range bad {
		send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-12345", `{"orders":`)
	}
	if _, err := h.api.StopCapture(t.Context(), "nordlys", all.ID); err != nil {
		t.Fatal(err)
	}
	h.give(oneOrder("after", "3.00"))
	const total = clients*each + asked + bad
	report := h.speed("nordlys", all.ID)
	if report.Recorded+report.Dropped != total || report.Recorded == 0 || report.Capture.Listening || report.Total.Calls != report.Recorded {
		t.Errorf("%+v", report)
	}
	for id, want := range map[string]int64{gated.ID: asked, mine.ID: total + 1, other.ID: 0} {
		if got := h.speed("nordlys", id); got.Recorded+got.Dropped != want {
			t.Errorf("%d recorded, %d dropped, want %d", got.Recorded, got.Dropped, want)
		}
	}
	if got := h.speed(api.Hub, none.ID); got.Recorded != wrong || got.Total.Faults != wrong {
		t.Errorf("%+v", got)
	}
	h.checkExport(all.ID, report)
	list, err := h.api.Captures(t.Context(), "nordlys")
	if err != nil || len(list.Captures) != 4 {
		t.Errorf("%+v %v", list, err)
	}
}

// checkExport reads both exports of a capture.
func (h *hub) checkExport(id string, report capture.Report) {
	h.t.Helper()
	files, calls := h.unzip(id), int64(0)
	for name, text := range files {
		for _, hidden := range []string{"sk-12345", "ada@", "ada%40", "s-1\""} {
			if strings.Contains(text, hidden) {
				h.t.Errorf("%q shows in %s:\n%s", hidden, name, text)
			}
		}
		if strings.HasPrefix(name, "calls/") {
			calls++
			if !strings.Contains(text, "<login>default</login>") || !strings.Contains(text, "<remoteAddress>127.0.0.1:") {
				h.t.Errorf("%s:\n%s", name, text)
			}
		}
	}
	if calls != report.Recorded || !strings.Contains(files["report.html"], "<svg") || !strings.Contains(files["report.xml"], `gate="/v1/orders/{id}"`) {
		h.t.Errorf("%d calls, want %d; %s", calls, report.Recorded, files["report.xml"])
	}
	var b bytes.Buffer
	if err := h.api.ExportCapture(h.t.Context(), "nordlys", id, "har", &b); err != nil {
		h.t.Fatal(err)
	}
	var har struct {
		Log struct {
			Version string
			Entries []struct {
				Request  struct{ Method, URL string }
				Response struct{ Status int }
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &har); err != nil || har.Log.Version != "1.2" || int64(len(har.Log.Entries)) != report.Recorded {
		h.t.Errorf("%d entries: %v", len(har.Log.Entries), err)
	}
	if strings.Contains(b.String(), "sk-12345") || strings.Contains(b.String(), "ada@") {
		h.t.Error("the HAR shows what it must not")
	}
}

// TestCaptureOfARoute listens to what the hub itself calls.
func TestCaptureOfARoute(t *testing.T) { eachStore(t, testCaptureOfARoute) }

func testCaptureOfARoute(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	receiver, _ := startReceiver(t)
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())+hookRoute(receiver)))
	ads, hook := h.listenTo(capture.Spec{Route: "ads"}), h.listenTo(capture.Spec{Route: "hook", KeepPersonal: true})
	for n := range 3 {
		h.give(oneOrder(fmt.Sprintf("o-%d", n), "3.00"))
	}
	h.settled()
	for _, c := range []capture.Capture{ads, hook} {
		report := h.speed("nordlys", c.ID)
		if report.Recorded == 0 || report.Dropped != 0 || report.Total.Faults != 0 {
			t.Errorf("%+v", report)
		}
		for name, text := range h.unzip(c.ID) {
			if strings.Contains(text, "sandbox-secret-key") {
				t.Errorf("the key shows in %s", name)
			}
			if personal := strings.Contains(text, "s-1"); strings.HasPrefix(name, "calls/") && personal != c.KeepPersonal {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

// TestCaptureEndsByTime moves the clock: it ends by itself, and is gone after
// its days.
func TestCaptureEndsByTime(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	h := startHub(t, inFolder(t), shop(""), func(o *app.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	c := h.listenTo(capture.Spec{Door: "citrusad", Seconds: 3600})
	h.give(oneOrder("o-1", "3.00"))
	later.Store(int64(time.Hour + time.Second))
	h.give(oneOrder("o-2", "3.00"))
	if report := h.speed("nordlys", c.ID); report.Recorded != 1 || report.Capture.Listening {
		t.Errorf("%+v", report)
	}
	later.Store(int64(time.Hour + 7*24*time.Hour + time.Minute))
	if _, err := h.api.Capture(t.Context(), "nordlys", c.ID); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if left, err := h.SweepCaptures(t.Context(), "nordlys"); err != nil || left != 0 {
		t.Errorf("%d keys are left: %v", left, err)
	}
}

// TestCaptureOnTwoNodes starts on one node what the other one hears too.
func TestCaptureOnTwoNodes(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, inDatabase(t), 2, shop(""))
	c := nodes[0].listenTo(capture.Spec{Door: "citrusad"})
	sent := int64(0)
	eventually(t, "the other node listens", func() bool {
		nodes[1].give(oneOrder("o-1", "3.00"))
		return nodes[1].speed("nordlys", c.ID).Recorded > 0
	})
	before := nodes[1].speed("nordlys", c.ID).Recorded
	for n := range 10 {
		nodes[n%2].give(oneOrder(fmt.Sprintf("a-%d", n), "3.00"))
		sent++
	}
	eventually(t, "both nodes wrote", func() bool {
		return nodes[0].speed("nordlys", c.ID).Recorded == before+sent
	})
	if _, err := nodes[1].api.StopCapture(t.Context(), "nordlys", c.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := nodes[0].api.Captures(t.Context(), "nordlys"); err != nil || list.Captures[0].Listening {
		t.Errorf("%+v %v", list, err)
	}
	if files := nodes[0].unzip(c.ID); int64(len(files)) != before+sent+3 {
		t.Errorf("%d files", len(files))
	}
}

func TestCaptureRefusals(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(""))
	for _, s := range []capture.Spec{
		{Seconds: 60}, {Door: "citrusad", Route: "ads", Seconds: 60}, {Door: "nobody", Seconds: 60}, {Route: "nobody", Seconds: 60},
		{Door: "citrusad"}, {Door: "citrusad", Seconds: 24*3600 + 1}, {Door: "citrusad", Seconds: -1}, {Door: "citrusad", Seconds: 60, Gate: strings.Repeat("v", 501)},
	} {
		var bad *order.Invalid
		if s.Seconds == 0 {
			s.Seconds = -5
		}
		if _, err := h.api.StartCapture(context.Background(), "nordlys", s); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if _, err := h.api.StopCapture(t.Context(), "nordlys", "none"); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if err := h.api.ExportCapture(t.Context(), "nordlys", "none", "zip", io.Discard); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
}

// TestErasingReachesCaptures erases an order that a capture with personal data
// heard of, in at a door and out by a route.
func TestErasingReachesCaptures(t *testing.T) { eachStore(t, testErasingReachesCaptures) }

func testErasingReachesCaptures(t *testing.T, at newPlace) {
	receiver, _ := startReceiver(t)
	h := startHub(t, at(t), shop(hookRoute(receiver)))
	door := h.listenTo(capture.Spec{Door: "citrusad", KeepPersonal: true})
	route := h.listenTo(capture.Spec{Route: "hook", KeepPersonal: true})
	h.giveAnnasOrder()
	h.give(strings.Replace(oneOrder("o-2", "3.00"), `"c-1"`, `"customer-bert"`, 1))
	h.settled()
	texts := func(id string) (all string, erased int) {
		for name, text := range h.unzip(id) {
			if strings.HasPrefix(name, "calls/") {
				all += text
				erased += strings.Count(text, "<erased>true</erased>")
			}
		}
		return all, erased
	}
	for _, c := range []capture.Capture{door, route} {
		if text, erased := texts(c.ID); !strings.Contains(text, "customer-anna") || !strings.Contains(text, "customer-bert") || erased != 0 {
			t.Errorf("%d erased: %s", erased, text)
		}
	}
	before := h.speed("nordlys", door.ID)
	if err := h.api.Erase(t.Context(), "nordlys", "o-1"); err != nil {
		t.Fatal(err)
	}
	h.giveAnnasOrder() // somebody sends it once more
	for _, c := range []capture.Capture{door, route} {
		text, erased := texts(c.ID)
		for _, w := range annasWords {
			if strings.Contains(text, w) {
				t.Errorf("%q shows in %s", w, text)
			}
		}
		if !strings.Contains(text, "customer-bert") || erased == 0 {
			t.Errorf("%d erased: %s", erased, text)
		}
	}
	if after := h.speed("nordlys", door.ID); after.Recorded != before.Recorded+1 {
		t.Errorf("%d calls, before %d", after.Recorded, before.Recorded)
	}
}
