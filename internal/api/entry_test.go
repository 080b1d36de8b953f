package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

const events = "/api/v1/shops/nordlys/events"

func TestEventsAreTaken(t *testing.T) {
	t.Parallel()
	f := func(contentType, body string, ids ...string) {
		t.Helper()
		h := newHub(t)
		r := h.call("POST", events, "nordlys-submit", body, "Content-Type", contentType)
		if r.status != 200 {
			t.Errorf("%s: %d %s", body, r.status, r.body)
			return
		}
		var got api.Receipts
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, rc := range got.Receipts {
			list = append(list, rc.Subject.ID)
		}
		if d := cmp.Diff(ids, list); d != "" {
			t.Errorf("%s: receipts (-want +got):\n%s", body, d)
		}
		if src := h.ledger.events["nordlys"][0].Source; src != (order.Source{Name: "api:nsubmit", Rank: order.RankShop}) {
			t.Errorf("source %v", src)
		}
	}
	// The first byte decides between one and an array.
	f("application/json", `{"order":{"id":"1"}}`, "1")
	f("application/json; charset=utf-8", ` [ {"order":{"id":"1"}} , {"order":{"id":"2"}} ] `, "1", "2")
	f("", `{"order":{"id":"1"}}`, "1")
	f("application/x-www-form-urlencoded", `{"order":{"id":"1"}}`, "1")
	// NDJSON, with and without a last line end, blank lines included.
	f("application/x-ndjson", "{\"order\":{\"id\":\"1\"}}\n{\"order\":{\"id\":\"2\"}}\n", "1", "2")
	f("application/jsonl", "{\"order\":{\"id\":\"1\"}}\r\n\r\n{\"happening\":{\"kind\":\"shipped\"},\"order_id\":\"1\"}", "1", "1")
	f("application/json", `{"order":{"id":"1"},"version":"2026-05-31T09:30:00Z","history":true}`, "1")
}

func TestEventsAreRefused(t *testing.T) {
	t.Parallel()
	f := func(contentType, body string, status int, path, reason string) {
		t.Helper()
		h := newHub(t)
		r := h.call("POST", events, "nordlys-submit", body, "Content-Type", contentType)
		p := r.problem(t)
		if r.status != status {
			t.Errorf("%.80s: %d %s", body, r.status, r.body)
			return
		}
		if path != "-" && (len(p.Faults) == 0 || p.Faults[0].Path != path || !strings.Contains(p.Faults[0].Reason, reason)) {
			t.Errorf("%.80s: faults %+v, want %s: %s", body, p.Faults, path, reason)
		}
		if len(h.ledger.events["nordlys"]) > 0 {
			t.Errorf("%.80s: something is stored", body)
		}
	}
	const js, nd = "application/json", "application/x-ndjson"
	// Nothing, or not JSON.
	f(js, ``, 400, "", "ends too early")
	f(js, `[]`, 400, "", "holds no entry")
	f(nd, "\n", 400, "", "holds no entry")
	f(js, `{"order":`, 400, "order", "ends too early")
	f(js, `null`, 400, "", "needs")
	f(js, `"x"`, 400, "", "object")
	f(nd, "{\"order\":{\"id\":\"1\"}}\n{\"order\":", 400, "[1].order", "ends too early")
	// Trailing data, duplicate names, control characters, NaN.
	f(js, `{"order":{"id":"1"}} x`, 400, "", "follows")
	f(js, `{"order":{"id":"1","id":"2"}}`, 400, "order.id", "twice")
	f(js, `[{"order":{"id":"1"}},{"order":{"id":"2","id":"3"}}]`, 400, "[1].order.id", "twice")
	f(js, `{"order":{"id":"a\u0000b"}}`, 400, "order.id", "control characters")
	f(nd, `{"order":{"id":"a`+"\x01"+`b"}}`, 400, "order.id", "control")
	f(js, `{"order":{"id":"1","totals":{"total":NaN}}}`, 400, "order.totals.total", "NaN")
	f(js, "{\"order\":{\"id\":\"\xff\"}}", 400, "order.id", "UTF-8")
	// What an entry may be.
	f(js, `{}`, 400, "", `needs "order" or "happening"`)
	f(js, `{"order":{"id":"1"},"happening":{"kind":"shipped"}}`, 400, "", "not both")
	f(js, `{"order":{}}`, 400, "order.id", "is required")
	f(js, `{"order":{"id":"1"},"order_id":"1"}`, 400, "order_id", "belongs to happenings")
	f(js, `{"happening":{"kind":"shipped"}}`, 400, "order_id", "is required")
	f(js, `{"happening":{"kind":"placed"},"order_id":"1"}`, 400, "happening.kind", "none of")
	f(js, `{"happening":{"kind":"shipped"},"order_id":"1","version":"2026-05-31T09:30:00Z"}`, 400, "version", "belongs to orders")
	f(js, `{"happening":{"kind":"shipped","at":"2026-05-31"},"order_id":"1"}`, 400, "happening.at", "date without time")
	// Kinds of value; unknown names.
	f(js, `{"order":{"id":"1","lines":[{"total":"1.0.0"}]}}`, 400, "order.lines[0].total", "decimal")
	f(js, `{"order":{"id":"1","placed_at":"2026-05-31T09:30:00"}}`, 400, "order.placed_at", "without offset")
	f(js, `{"order":{"id":"1","colour":"red"}}`, 400, "order.colour", "unknown field")
	f(js, `{"order":{"id":"1"},"when":1}`, 400, "when", "unknown field")
	f(js, `{"order":{"id":"1"},"version":"yesterday"}`, 400, "version", "")
	// Bounds and types.
	f(js, `[`+strings.Repeat(`{"order":{"id":"1"}},`, api.MaxEntries)+`{"order":{"id":"1"}}]`, 413, "", "more than 10000")
	f(nd, strings.Repeat("{\"order\":{\"id\":\"1\"}}\n", api.MaxEntries+1), 413, "", "more than 10000")
	f(js, `{"order":{"id":"`+strings.Repeat("x", api.MaxBody)+`"}}`, 413, "", "too large")
	f("text/csv", `id;total`, 415, "-", "")
	f("nonsense/", `{}`, 415, "-", "")
}

// TestEveryFaultIsNamed checks that one call tells all that is wrong, and
// stores nothing of it.
func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	r := h.call("POST", events, admin, `[{"order":{"id":"1"}},{"order":{}},{"happening":{"kind":"x"},"order_id":"1"}]`)
	var got []string
	for _, f := range r.problem(t).Faults {
		got = append(got, f.Path+" "+string(f.Code))
	}
	if d := cmp.Diff([]string{"[1].order.id Required", "[2].happening.kind Malformed"}, got); d != "" {
		t.Error(d)
	}
	if len(h.ledger.events) > 0 {
		t.Error("something is stored")
	}
}

func TestPackedBodies(t *testing.T) {
	t.Parallel()
	pack := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		fmt.Fprint(z, s)
		z.Close()
		return b.String()
	}
	f := func(encoding, body string, status int) {
		t.Helper()
		h := newHub(t)
		if r := h.call("POST", events, admin, body, "Content-Encoding", encoding); r.status != status {
			t.Errorf("%s: %d %s", encoding, r.status, r.body)
		}
	}
	good := pack(`{"order":{"id":"1"}}`)
	f("gzip", good, 200)
	f("gzip", good[:len(good)-6], 400)
	f("gzip", `{"order":{"id":"1"}}`, 400)
	f("gzip", pack(`{"order":{"id":"`+strings.Repeat("x", api.MaxBody)+`"}}`), 413)
	f("br", good, 415)
}

func TestImportIsASourceOfItsOwn(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	st := &order.Statement{Order: order.Order{ID: "1", Channel: "online"}}
	list := []order.Entry{
		{Subject: order.Subject{Kind: order.SubjectOrder, ID: "1"}, Statement: st, History: true},
		{Subject: order.Subject{Kind: order.SubjectOrder, ID: "1"}, Happening: &order.Happening{Kind: order.KindCancelled, Ref: "C1"}},
	}
	receipts, err := h.client("nordlys-submit").Append(context.Background(), "nordlys", list, true)
	if err != nil || len(receipts) != 2 {
		t.Fatal(receipts, err)
	}
	got := h.ledger.events["nordlys"]
	if got[0].Source.Name != "import" || !got[0].History || got[0].Statement.Channel != "online" {
		t.Errorf("%+v", got[0])
	}
	if got[1].Happening.Ref != "C1" || got[1].Kind != order.KindCancelled {
		t.Errorf("%+v", got[1])
	}
}

func TestUnknownSourcesAreRefused(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	if r := h.call("POST", events, admin, `{"order":{"id":"1"}}`, "Ordermux-Source", "door"); r.status != 400 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestDocumentKnowsEveryField fills every field of the canonical order and of
// a happening and holds both against the document.
func TestDocumentKnowsEveryField(t *testing.T) {
	t.Parallel()
	d := loadDocument(t)
	check := func(name string, v any) {
		t.Helper()
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(raw, &decoded); err != nil {
			t.Fatal(err)
		}
		if err := d.visit(name, decoded); err != nil {
			t.Errorf("%s: %v\n%s", name, err, raw)
		}
	}
	o, h := &order.Order{}, &order.Happening{}
	fill(t, reflect.ValueOf(o).Elem())
	fill(t, reflect.ValueOf(h).Elem())
	check("Order", o)
	check("Happening", h)
	// The document must be able to say no.
	if d.visit("Order", map[string]any{"id": "1", "colour": "red"}) == nil {
		t.Error("an unknown field passes")
	}
	if d.visit("Receipts", map[string]any{"receipts": []any{map[string]any{"seq": "1"}}}) == nil {
		t.Error("a wrong receipt passes")
	}
}

// fill sets every field to something.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch p := v.Addr().Interface().(type) {
	case *order.Decimal:
		unmarshal(t, p, "12.50")
		return
	case *order.Time:
		unmarshal(t, p, "2026-05-31T09:30:00+10:00")
		return
	case *order.Raw:
		*p = order.Raw(`{"a":1}`)
		return
	case *order.Kind:
		*p = order.KindShipped
		return
	case *order.Status:
		*p = order.StatusShipped
		return
	case *order.LineKind:
		*p = order.LinePostage
		return
	case *order.LineStatus:
		*p = order.LineReplaced
		return
	case *[]byte:
		*p = []byte("bytes")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]order.Raw{"a": order.Raw("1")}))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(3)
	default:
		t.Fatalf("do not know how to fill %s", v.Type())
	}
}

func unmarshal(t *testing.T, p interface{ UnmarshalText([]byte) error }, s string) {
	t.Helper()
	if err := p.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
}

// FuzzEvents hands in whatever: an answer is a receipt per entry, or a 4xx.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"order":{"id":"1","lines":[{"quantity":"1"}]}}`), false)
	f.Add([]byte(`[{"happening":{"kind":"shipped"},"order_id":"1"},{}]`), false)
	f.Add([]byte("{\"order\":{\"id\":\"1\"}}\n{\"order\":1}"), true)
	f.Fuzz(func(t *testing.T, body []byte, ndjson bool) {
		entries, err := api.DecodeEntries(body, ndjson)
		if err != nil {
			if api.StatusOf(err) >= 500 {
				t.Errorf("a trouble of ours: %v", err)
			}
			return
		}
		for _, e := range entries {
			if _, err := api.EncodeEntry(e); err != nil {
				t.Errorf("does not encode: %v", err)
			}
		}
	})
}
