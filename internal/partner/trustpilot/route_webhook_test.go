package trustpilot_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
)

const (
	hookToken = "0123456789abcdef"
	hook      = `"webhook_token":"` + hookToken + `"`
	// wrote is the event of the sheet.
	wrote = `{"eventName":"service-review-created","version":"1","eventData":{"id":"6000aa11bb22cc33dd44ee55","language":"sv","title":"Bra","text":"Snabbt",
 "referenceId":"SO-10042","stars":5,"createdAt":"2030-01-16T08:00:00Z","isVerified":true,"locationId":null,
 "link":"https://api.trustpilot.com/v1/reviews/6000aa11bb22cc33dd44ee55","consumer":{"id":"6000aa11bb22cc33dd44ee66","name":"Eva"},
 "tags":[{"group":"Generic","value":"region-north"}]}}`
)

// post sends a webhook and returns its status.
func (d *desk) post(side partner.Side, path, body string, header ...string) int {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	side.Handler.ServeHTTP(w, r)
	return w.Code
}

// heard posts events with the right token and returns what was appended by it.
func (d *desk) heard(events ...string) []order.Entry {
	d.t.Helper()
	before := len(d.hub.Entries())
	if got := d.post(d.side, "/"+hookToken, `{"events":[`+strings.Join(events, ",")+`]}`); got != http.StatusOK {
		d.t.Errorf("status %d of %.200s", got, events)
	}
	return d.hub.Entries()[before:]
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	d := newDesk(t, hook)
	entries := d.heard(wrote)
	if len(entries) != 1 {
		t.Fatalf("%d entries", len(entries))
	}
	e, h := entries[0], entries[0].Happening
	if e.Subject != (order.Subject{Kind: order.SubjectOrder, ID: "SO-10042"}) || e.Source.Name != "route:out" || e.Origin != "out" {
		t.Errorf("%+v", e)
	}
	v := *h.Review
	if h.Kind != order.KindReviewed || h.At.String() != "2030-01-16T08:00:00Z" || h.Title != "Bra" || h.Note != "Snabbt" ||
		!strings.HasPrefix(h.Ref, "6000aa11bb22cc33dd44ee55/") {
		t.Errorf("%+v", h)
	}
	if v.ID != "6000aa11bb22cc33dd44ee55" || v.About != order.AboutShop || v.Stars != 5 || v.Locale != "sv" || !v.Verified ||
		len(v.Tags) != 1 || v.Tags[0] != "region-north" || v.Platform != "trustpilot" || v.Deleted || !strings.HasSuffix(v.Link, v.ID) {
		t.Errorf("%+v", v)
	}
	public, personal := h.Split()
	if public.Title+public.Note != "" || string(personal.Extra["eventData.consumer"]) != `{"id":"6000aa11bb22cc33dd44ee66","name":"Eva"}` {
		t.Errorf("public %+v, personal %+v", public, personal)
	}
	if again := d.heard(wrote, wrote); len(again) != 0 {
		t.Errorf("a repeat made %d entries", len(again))
	}
}

// TestWebhookVersions hears of edits and of a removal that names nothing but
// the review.
func TestWebhookVersions(t *testing.T) {
	t.Parallel()
	d := newDesk(t, hook)
	d.heard(wrote)
	edited := strings.NewReplacer("created\"", "updated\"", `"stars":5`, `"stars":2`).Replace(wrote)
	got := d.heard(edited, edited)
	if len(got) != 1 || got[0].Happening.Review.Stars != 2 || got[0].Happening.At.String() != "2030-01-10T12:00:00Z" {
		t.Fatalf("%+v", got)
	}
	got = d.heard(`{"eventName":"service-review-deleted","version":"1","eventData":{"id":"6000aa11bb22cc33dd44ee55"}}`)
	if len(got) != 1 || !got[0].Happening.Review.Deleted || got[0].Subject.ID != "SO-10042" {
		t.Errorf("%+v", got)
	}
}

// TestWebhookFindsTheOrder of a reference that had to be written otherwise;
// what nobody knows is kept under its reference, and what has none under the
// review.
func TestWebhookFindsTheOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t, hook)
	d.delivered(d.side, sold("SO#1"))
	f := func(reference, kind, id string) {
		t.Helper()
		event := `{"eventName":"service-review-created","eventData":{"id":"r-` + id + `","referenceId":` + reference + `,"stars":"4"}}`
		got := d.heard(event)
		if len(got) != 1 || got[0].Subject != (order.Subject{Kind: kind, ID: id}) || got[0].Happening.Review.Stars != 4 {
			t.Errorf("%s: %+v", reference, got)
		}
	}
	f(`"SO-1-c98b9c62"`, order.SubjectOrder, "SO#1")
	f(`"SO-1"`, order.SubjectOrder, "SO-1")
	f(`10042`, order.SubjectOrder, "10042")
	for i, none := range []string{`""`, `null`, `"` + strings.Repeat("x", 300) + `"`, `"a\u0000b"`} {
		id := "r" + string(rune('0'+i))
		got := d.heard(`{"eventName":"service-review-created","eventData":{"id":"` + id + `","referenceId":` + none + `}}`)
		if len(got) != 1 || got[0].Subject != (order.Subject{Kind: "review", ID: id}) {
			t.Errorf("%.20s: %+v", none, got)
		}
	}
}

// TestWebhookProducts reads what of product reviews is only inferred.
func TestWebhookProducts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, hook)
	got := d.heard(
		`{"eventName":"product-review-created","eventData":{"id":"p-1","referenceId":"SO-1","stars":3,"content":"Gott","sku":"BON-250","colour":"red",
			"tags":["plain",{"group":"Region","value":"north"},7],"createdAt":"2030-01-16T08:00:00.123Z"}}`,
		`{"eventName":"product-review-updated","eventData":{"id":"p-2","referenceId":"SO-1","product":{"id":"x","sku":"FIL-1"},"stars":9,"updatedAt":"2030-02-01T00:00:00Z"}}`,
		`{"eventName":"somebody-else","eventData":{"id":"x"}}`)
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	a, b := got[0].Happening, got[1].Happening
	if a.Review.About != order.AboutProduct || a.Review.Product != "BON-250" || a.Note != "Gott" || strings.Join(a.Review.Tags, ",") != "plain,north" ||
		string(a.Extra["eventData.colour"]) != `"red"` || a.Extra["eventData.tags"] == nil || a.At.String() != "2030-01-16T08:00:00.123Z" {
		t.Errorf("%+v %+v", a, a.Review)
	}
	if b.Review.Product != "FIL-1" || b.Review.Stars != 0 || b.At.String() != "2030-02-01T00:00:00Z" {
		t.Errorf("%+v %+v", b, b.Review)
	}
}

// TestWebhookTexts keeps texts that the ledger would not take as they are.
func TestWebhookTexts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, hook)
	long := strings.Repeat("å", order.MaxText)
	got := d.heard(`{"eventName":"service-review-created","eventData":{"id":"a","referenceId":"SO-1","title":"a\u0000b","text":"` + long + `","odd":"a\u0001"}}`)
	if len(got) != 1 || got[0].Happening.Title != "a b" || len(got[0].Happening.Note) != order.MaxText {
		t.Errorf("%+v", got)
	}
	got = d.heard(`{"eventName":"service-review-created","eventData":{"id":"b","referenceId":"SO-1","text":"` + long + `"}}`)
	if len(got) != 1 || string(got[0].Happening.Extra["eventData.text"]) != `"`+long+`"` {
		t.Errorf("the whole text is lost: %d", len(got))
	}
}

// TestWebhookRefuses who does not know the token, and what is no event.
func TestWebhookRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t, hook)
	side := d.route(hook + `,"webhook_header":"X-Hook-Secret"`)
	const none = `{"events":[]}`
	f := func(name string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	f("right token", d.post(d.side, "/"+hookToken, none), 200)
	f("slash behind", d.post(d.side, "/"+hookToken+"/", none), 200)
	f("no token", d.post(d.side, "/", none), 404)
	f("wrong token", d.post(d.side, "/0123456789abcdeg", none), 404)
	f("token in header only", d.post(d.side, "/", none, "X-Hook-Secret", hookToken), 404)
	f("header", d.post(side, "/", none, "X-Hook-Secret", hookToken), 200)
	f("wrong header", d.post(side, "/", none, "X-Hook-Secret", "0123456789abcdeg"), 404)
	f("header missing", d.post(side, "/"+hookToken, none), 404)
	for _, body := range []string{
		``, `{`, `[]`, `{}`, `{"events":null}`, `{"events":{}}`, `{"events":[1]}`, `{"events":[],"events":[]}`, `{"events":[]} x`,
		`{"events":[{"eventName":"service-review-created"}]}`, `{"events":[{"eventName":"service-review-created","eventData":{}}]}`,
		`{"events":[{"eventName":"service-review-created","eventData":{"id":""}}]}`, "{\"events\":[\"\xff\"]}",
		`{"events":[` + strings.Repeat(`{"eventName":"x"},`, 1000) + `{"eventName":"x"}]}`,
	} {
		f(body[:min(len(body), 80)], d.post(d.side, "/"+hookToken, body), 400)
	}
	w := httptest.NewRecorder()
	d.side.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+hookToken, nil))
	f("GET", w.Code, 405)
	if d.route("").Handler != nil {
		t.Error("a route without a token receives")
	}
	if len(d.hub.Entries()) != 0 {
		t.Error("something was stored")
	}
}

// TestWebhookTrouble asks for a repeat whenever nothing is stored.
func TestWebhookTrouble(t *testing.T) {
	t.Parallel()
	d := newDesk(t, hook)
	for _, c := range []struct {
		fail error
		want int
	}{{order.ErrBusy, 503}, {order.ErrReadOnly, 503}, {errors.New("broken"), 500}, {nil, 200}} {
		d.hub.Fail(c.fail)
		if got := d.post(d.side, "/"+hookToken, `{"events":[`+wrote+`]}`); got != c.want {
			t.Errorf("%v: %d", c.fail, got)
		}
	}
	if len(d.hub.Entries()) != 1 {
		t.Errorf("%d entries", len(d.hub.Entries()))
	}
	deps := d.hub.Deps(trustpilot.Partner)
	deps.State = failing{deps.State}
	side, err := trustpilot.Partner.Route(deps, partnertest.Settings(t, trustpilot.Partner, false, d.values(hook)))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.post(side, "/"+hookToken, `{"events":[`+wrote+`]}`); got != 500 {
		t.Errorf("state broken: %d", got)
	}
	if o := d.send(side, sold("SO-1")); o.Result != partner.ResultLater {
		t.Errorf("state broken: %+v", o)
	}
}

// failing is a state that can not be read.
type failing struct{ partner.State }

func (failing) Get(context.Context, string) ([]byte, bool, error) {
	return nil, false, errors.New("broken")
}

// FuzzWebhook never stores what the ledger would not take, nor half a call.
func FuzzWebhook(f *testing.F) {
	f.Add([]byte(`{"events":[` + wrote + `]}`))
	f.Add([]byte(`{"events":[{"eventName":"product-review-updated","eventData":{"id":1,"text":"\u0000","tags":[[]],"product":{"sku":[]}}}]}`))
	f.Add([]byte(`{"events":[{"eventName":"service-review-deleted","eventData":{"id":"x","referenceId":{}}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := lonely(t, hook)
		r := httptest.NewRequest(http.MethodPost, "/"+hookToken, bytes.NewReader(body))
		w := httptest.NewRecorder()
		d.side.Handler.ServeHTTP(w, r)
		entries := d.hub.Entries()
		if w.Code != 200 && (w.Code != 400 || len(entries) > 0) {
			t.Errorf("status %d with %d entries", w.Code, len(entries))
		}
		for _, e := range entries {
			if invalid := order.ValidateHappening(e.Happening); invalid != nil {
				t.Error(invalid)
			}
			if invalid := order.ValidateSubject(e.Subject); invalid != nil {
				t.Error(invalid)
			}
		}
	})
}
