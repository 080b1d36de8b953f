package api_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/order"
)

// fakeCaptures has one capture, "1001".
type fakeCaptures struct{ exported error }

func (f *fakeCaptures) one(shop string) capture.Capture {
	return capture.Capture{ID: "1001", Shop: shop, Door: "citrusad", Gate: "/v1", Account: "default", Started: now, Until: now.Add(time.Hour), By: "noperate", Listening: true}
}

func (f *fakeCaptures) Start(_ context.Context, shop, by string, s capture.Spec) (capture.Capture, error) {
	if s.Door == "" && s.Route == "" {
		return capture.Capture{}, order.Refuse("door", order.Required, "name a door or a route, one of both")
	}
	c := f.one(shop)
	c.Door, c.Route, c.By, c.KeepPersonal, c.Until = s.Door, s.Route, by, s.KeepPersonal, now.Add(time.Duration(s.Seconds)*time.Second)
	return c, nil
}

func (f *fakeCaptures) Find(_ context.Context, shop, id string) (capture.Capture, error) {
	if id != "1001" {
		return capture.Capture{}, order.ErrNotFound
	}
	c := f.one(shop)
	c.KeepPersonal = shop == api.Hub
	return c, nil
}

func (f *fakeCaptures) Stop(ctx context.Context, shop, id string) (capture.Capture, error) {
	return f.Find(ctx, shop, id)
}

func (f *fakeCaptures) List(_ context.Context, shop string) ([]capture.Capture, error) {
	if shop == "aurora" {
		return nil, nil
	}
	return []capture.Capture{f.one(shop)}, nil
}

func (f *fakeCaptures) Report(ctx context.Context, shop, id string) (*capture.Report, error) {
	c, err := f.Find(ctx, shop, id)
	row := capture.Row{Gate: "/v1/orders", Method: "POST", Calls: 2, Faults: 1, MinMS: 1.5, MeanMS: 2, P95MS: 2.5, MaxMS: 2.5, TotalMS: 4, RequestBytes: 10, ResponseBytes: 20.5}
	return &capture.Report{Capture: c, Recorded: 2, Dropped: 1, Covered: "secrets", Rows: []capture.Row{row}, Total: row}, err
}

func (f *fakeCaptures) Count(ctx context.Context, shop, id string) (capture.Count, error) {
	c, err := f.Find(ctx, shop, id)
	return capture.Count{Capture: c, Recorded: 2, Dropped: 1}, err
}

func (f *fakeCaptures) Export(_ context.Context, _, _, form string, w io.Writer) error {
	text := "PK"
	if form == capture.HAR {
		text = `{"log":{}}`
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return f.exported
}

func TestCaptures(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	const at = "/api/v1/shops/nordlys/captures"
	h.call("GET", at, "nordlys-read", "")
	h.call("GET", "/api/v1/shops/aurora/captures", admin, "")
	h.call("GET", at+"/1001", "nordlys-read", "")
	h.call("GET", at+"/1001?points=100", "nordlys-read", "")
	c := h.client("nordlys-operate")
	made, err := c.StartCapture(ctx, "nordlys", capture.Spec{Route: "ads", KeepPersonal: true})
	if err != nil || made.Route != "ads" || made.By != "noperate" || !made.Until.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v %v", made, err)
	}
	if n, err := c.CaptureCount(ctx, "nordlys", "1001"); err != nil || n.Recorded != 2 || n.Dropped != 1 || n.Capture.ID != "1001" {
		t.Errorf("%+v %v", n, err)
	}
	h.call("GET", at+"/1001/count", "nordlys-read", "")
	h.call("POST", at, "nordlys-operate", `{"door":"citrusad","seconds":60}`)
	h.call("POST", at+"/1001/stop", "nordlys-operate", "")
	if got := strings.Join(h.ledger.acts("nordlys"), "; "); got != "operator:noperate: start capture 1001: route=ads keep_personal; operator:noperate: start capture 1001: door=citrusad; operator:noperate: stop capture 1001" {
		t.Error(got)
	}
	for form, want := range map[string]string{"zip": "PK", "har": `{"log":{}}`} {
		var b strings.Builder
		if err := c.ExportCapture(ctx, "nordlys", "1001", form, &b); err != nil || b.String() != want {
			t.Errorf("%s: %q %v", form, b.String(), err)
		}
		h.call("GET", at+"/1001/export?format="+form, "nordlys-read", "")
	}
	f := func(method, path, body string, status int) {
		t.Helper()
		if r := h.call(method, at+path, admin, body); r.status != status {
			t.Errorf("%s %s: %d %s", method, path, r.status, r.body)
		}
	}
	f("GET", "/1001/export?format=pdf", "", 400)
	f("GET", "/none/export", "", 404)
	f("GET", "/none", "", 404)
	f("GET", "/none/count", "", 404)
	f("GET", "/1001?points=4001", "", 400)
	f("POST", "/none/stop", "", 404)
	f("POST", "", `{}`, 400)
	f("POST", "", `{"door":"citrusad","colour":"red"}`, 400)
	if r := h.call("GET", "/api/v1/shops/_hub/captures", "hub-read", ""); r.status != 200 {
		t.Error(r.status, r.body)
	}
	for token, status := range map[string]int{"hub-read": 403, "hub-operate": 200} {
		if r := h.call("GET", "/api/v1/shops/_hub/captures/1001/export", token, ""); r.status != status {
			t.Error(token, r.status, r.body)
		}
	}
	none := newHub(t, func(o *api.Options) { o.Captures = nil })
	if r := none.call("GET", at, admin, ""); r.status != 404 {
		t.Error(r.status)
	}
}

// An export that breaks off is not taken for a whole one.
func TestBrokenCapture(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(o *api.Options) { o.Captures = &fakeCaptures{exported: errors.New("disk")} })
	if err := h.client(admin).ExportCapture(ctx, "nordlys", "1001", "zip", io.Discard); err == nil {
		t.Error("half a file counts as whole")
	}
}
