package app_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

const retainedDays = "retention: {personal: 10, evidence: 5, files: 300, captures: 1, events: 30}\n"

// retained has a round run, and returns what it left when it is over.
func (h *hub) retained(now time.Time) map[string]api.RetainedKind {
	h.t.Helper()
	if err := h.api.Retain(h.t.Context(), "nordlys"); err != nil {
		h.t.Fatal(err)
	}
	kinds := map[string]api.RetainedKind{}
	eventually(h.t, "a round is over", func() bool {
		r, err := h.api.Retention(h.t.Context(), "nordlys", true)
		if err != nil || r.Round.Before(now) {
			return false
		}
		if r.Failed {
			h.t.Fatalf("the round failed: %s", h.logs)
		}
		for _, k := range r.Kinds {
			kinds[k.Kind] = k
		}
		return true
	})
	return kinds
}

// TestRetention lets an order grow old: its evidence goes, then its person, then
// the order with the beginning of the log, which verifies all the same.
func TestRetention(t *testing.T) { eachStore(t, testRetention) }

func testRetention(t *testing.T, at newPlace) {
	receiver, received := startReceiver(t)
	var later atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	pass := func(days int) time.Time {
		later.Add(int64(days) * int64(24*time.Hour))
		return clock()
	}
	p := at(t)
	text := retainedDays + shop(hookRoute(receiver))
	withClock := func(o *app.Options) { o.Now = clock }
	h := startHub(t, p, text, withClock)
	h.giveAnnasOrder()
	h.settled()
	if len(received()) == 0 {
		t.Fatal("nothing was delivered")
	}
	if kinds := h.retained(pass(1)); kinds["personal"].Removed != 0 || *kinds["personal"].Due != 0 || kinds["personal"].Days != 10 || kinds["personal"].From != "hub" {
		t.Errorf("after a day: %+v", kinds)
	}
	if found := p.holding(t, annasWords); len(found) != len(annasWords) {
		t.Fatalf("before: %v", found)
	}

	pass(5)
	if r, err := h.api.Retention(t.Context(), "nordlys", true); err != nil || *r.Kinds[1].Due == 0 {
		t.Errorf("evidence is due: %+v, %v", r, err)
	}
	if kinds := h.retained(clock()); kinds["evidence"].Removed == 0 || *kinds["evidence"].Due != 0 {
		t.Errorf("evidence: %+v", kinds["evidence"])
	}
	if kinds := h.retained(pass(5)); kinds["personal"].Removed != 1 || *kinds["personal"].Due != 0 {
		t.Errorf("persons: %+v", kinds["personal"])
	}
	if found := p.holding(t, annasWords); len(found) > 0 {
		t.Errorf("after the person went: %v", found)
	}

	pass(28) // 39 days after the order, and 28 after its erasing, which is no news
	h.give(oneOrder("o-2", "4.00"))
	h.settled()
	if kinds := h.retained(clock()); kinds["events"].Removed == 0 || *kinds["events"].Due != 0 || kinds["events"].Held != nil {
		t.Errorf("events: %+v", kinds["events"])
	}
	if _, err := h.api.Order(t.Context(), "nordlys", "o-1"); err == nil {
		t.Error("the order is still there")
	}
	whole := func(h *hub) {
		t.Helper()
		v, err := h.api.Verify(t.Context(), "nordlys")
		if err != nil || !v.Whole || v.Start == 0 || v.Start+v.Events != v.Head {
			t.Errorf("verify: %+v, %v", v, err)
		}
	}
	whole(h)
	h.showsRetention()
	if p.database == "" {
		h.restores()
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	h = startHub(t, p, text, withClock)
	whole(h)
	h.give(oneOrder("o-1", "5.00")) // unknown by now: it is new
	h.settled()
	if o, err := h.api.Order(t.Context(), "nordlys", "o-1"); err != nil || o.Erased {
		t.Errorf("the order that came again: %+v, %v", o, err)
	}
	whole(h)
}

// TestRetentionDoubtsTheClock: a clock that is far ahead makes nothing old by
// itself; whoever sees that it is right has what is due removed, or waits a day.
func TestRetentionDoubtsTheClock(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	h := startHub(t, inFolder(t), "retention: {personal: 30, captures: 1}\n"+shop(""), func(o *app.Options) { o.Now = clock })
	ada := h.first(t)
	round := func(days time.Duration, erased, waits bool) {
		t.Helper()
		later.Add(int64(days * 24 * time.Hour))
		h.RetentionRound(t.Context(), "nordlys")
		if o, err := h.api.Order(t.Context(), "nordlys", "o-1"); err != nil || o.Erased != erased {
			t.Errorf("erased: %v, want %v, %v", o.Erased, erased, err)
		}
		if r, err := h.api.Retention(t.Context(), "nordlys", false); err != nil || waits == r.WaitsUntil.IsZero() || waits && r.WaitsUntil.Sub(clock()).Round(time.Hour) != 24*time.Hour {
			t.Errorf("waits: %+v, %v", r, err)
		}
	}
	h.giveAnnasOrder()
	round(400, false, true) // the first round of all: the newest event says what time it was
	round(0, false, true)
	round(-400, false, true)
	round(1, false, false)
	round(3650, false, true)
	eventually(t, "the alert", func() bool { return alerted(t, h, "retention_waits") })
	ada.sees("POST", "/sign-in", url.Values{"name": {"ada"}, "password": {goodPassword}, "to": {"/shops/nordlys/settings/retention"}}, 200,
		"nothing is removed by itself until")
	round(1, true, false)
	eventually(t, "the alert ends", func() bool { return !alerted(t, h, "retention_waits") })

	h.give(oneOrder("o-2", "4.00"))
	round(3650, true, true)
	if kinds := h.retained(clock()); kinds["personal"].Removed != 2 {
		t.Errorf("asked for: %+v", kinds["personal"])
	}
	round(0, true, false)
}

// TestRetentionReportThatIsUnreadable: a round that can not read what the ones before
// came to says so, removes nothing, and does not write over it.
func TestRetentionReportThatIsUnreadable(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	h := startHub(t, inFolder(t), "retention: {personal: 1}\n"+shop(""), func(o *app.Options) { o.Now = clock })
	h.giveAnnasOrder()
	state := h.RetentionState("nordlys")
	const broken = `{"at":"never`
	if err := state.Put(t.Context(), "report", []byte(broken), 0); err != nil {
		t.Fatal(err)
	}
	later.Store(int64(2 * 24 * time.Hour))
	h.RetentionRound(t.Context(), "nordlys")
	if now, _, err := state.Get(t.Context(), "report"); err != nil || string(now) != broken {
		t.Errorf("the report is %s, %v", now, err)
	}
	if o, err := h.api.Order(t.Context(), "nordlys", "o-1"); err != nil || o.Erased {
		t.Errorf("erased: %v, %v", o.Erased, err)
	}
	if !strings.Contains(h.logs.String(), "read retention") {
		t.Errorf("nothing is said:\n%s", h.logs)
	}
}

// TestRetentionOfEventsAlone: with the beginning of the log goes all that names a
// person whom nothing has erased, in the files of routes, too; what a killed node
// left to be done the next round does.
func TestRetentionOfEventsAlone(t *testing.T) { eachStore(t, testRetentionOfEventsAlone) }

func testRetentionOfEventsAlone(t *testing.T, at newPlace) {
	var files partner.Files
	var later atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	p, filer := at(t), filer(&files)
	routes := "      ads: {partner: filer, on: [delivered], settings: {file_password: fetch-me-please}}\n"
	cfg, err := parse(p, "retention: {events: 30}\n"+shop(routes), filer)
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, p, shop(""), func(o *app.Options) { o.Now, o.Config, o.Partners = clock, cfg, append(all.List(), filer) })
	h.giveAnnasOrder()
	h.settled()
	write := func() {
		t.Helper()
		if err := files.Write(t.Context(), "orders.tsv", text("o-1\t"+annasWords[0]+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	fetched := func(want int) {
		t.Helper()
		if status, _ := send(t, "GET", h.URL()+"/files/nordlys/ads/orders.tsv", basic("citrus", "fetch-me-please"), ""); status != want {
			t.Errorf("the file: %d, want %d", status, want)
		}
	}
	left := func() {
		t.Helper()
		if keys, err := h.RetentionLeft(t.Context(), "nordlys"); err != nil || len(keys) > 0 {
			t.Errorf("left to be done: %v, %v", keys, err)
		}
	}
	write()
	fetched(200)
	later.Add(int64(40 * 24 * time.Hour))
	h.give(oneOrder("o-2", "4.00"))
	h.settled()
	if kinds := h.retained(clock()); kinds["events"].Removed == 0 {
		t.Errorf("events: %+v, held %+v", kinds["events"], kinds["events"].Held)
	}
	left()
	fetched(503)
	if found := p.holding(t, annasWords); len(found) > 0 {
		t.Errorf("after the order went: %v", found)
	}

	write() // as one that was written before, and not withdrawn
	if err := h.KillRetention(t.Context(), "nordlys", "events", []string{"o-1"}); err != nil {
		t.Fatal(err)
	}
	cuts := func() (n int) {
		t.Helper()
		acts, err := h.api.Acts(t.Context(), "nordlys", api.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts.Acts {
			if strings.Contains(a.Text, "the log goes on from") {
				n++
			}
		}
		return n
	}
	if n := cuts(); n != 1 {
		t.Errorf("%d cuts are noted", n)
	}
	h.retained(clock())
	left()
	fetched(503)
	if n := cuts(); n != 2 {
		t.Errorf("%d cuts are noted, and one more was killed", n)
	}
	h.retained(clock())
	if n := cuts(); n != 2 {
		t.Errorf("%d cuts are noted, and nothing was removed since", n)
	}
}

// showsRetention looks at the console's pages.
func (h *hub) showsRetention() {
	h.t.Helper()
	ada := h.first(h.t)
	ada.sees("GET", "/shops/nordlys/settings", nil, 200, "How long data is kept", "10 days")
	ada.sees("GET", "/shops/nordlys/settings/retention", nil, 200, "Persons of orders", "The log begins behind event")
	ada.sees("GET", "/shops/nordlys/settings/retention?count=1", nil, 200, "Nothing is due.")
	ada.sees("POST", "/shops/nordlys/settings/retention", nil, 200, "being removed in the background")
	eve := ada.joins(h, "eve", "viewer")
	if page := eve.sees("GET", "/shops/nordlys/settings/retention?count=1", nil, 200); strings.Contains(page, "Remove now") {
		h.t.Error("a viewer is shown what only an admin may do")
	}
	eve.sees("POST", "/shops/nordlys/settings/retention", nil, 403)
}

// restores makes a folder of a backup: its log begins where this one does.
func (h *hub) restores() {
	h.t.Helper()
	dir := h.t.TempDir()
	if _, err := h.api.Backup(h.t.Context(), filepath.Join(dir, "copy")); err != nil {
		h.t.Fatal(err)
	}
	reports, err := app.Restore(h.t.Context(), filepath.Join(dir, "copy"), filepath.Join(dir, "data"))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range reports {
		if r.Shop == "nordlys" && (len(r.Faults) > 0 || r.Start == 0) {
			h.t.Errorf("restored: %+v", r)
		}
	}
}
