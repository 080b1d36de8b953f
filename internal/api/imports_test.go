package api_test

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
)

// fakeImporter has one import, 1001.
type fakeImporter struct {
	i    api.Import
	text string // of the file handed in last
}

func newFakeImporter() *fakeImporter {
	return &fakeImporter{i: api.Import{
		ID: "1001", State: "waiting", By: "ada", Name: "orders.csv", Bytes: 12, Created: now,
		Progress: api.ImportProgress{Results: map[intake.Result]int{intake.New: 1, intake.Refused: 1}, Faults: []api.ImportLine{someLine}},
	}}
}

var someLine = api.ImportLine{Line: 3, Order: "=1+1", Result: intake.Refused, Column: "total", Value: "-5,00", Reason: "is no number"}

func (f *fakeImporter) one(id string) (api.Import, error) {
	if id != f.i.ID {
		return api.Import{}, order.ErrNotFound
	}
	return f.i, nil
}

func (f *fakeImporter) Upload(_ context.Context, _, by, name string, body io.Reader) (api.Import, error) {
	text, err := io.ReadAll(body)
	if len(text) == 0 {
		return api.Import{}, order.Refuse("", order.Required, "the file is empty")
	}
	f.text, f.i.By, f.i.Name, f.i.Bytes = string(text), by, name, int64(len(text))
	return f.i, err
}

func (f *fakeImporter) Configure(_ context.Context, _, id string, s api.ImportSettings) (api.Import, error) {
	f.i.ImportSettings = s
	return f.one(id)
}

func (f *fakeImporter) Preview(_ context.Context, _, id string) (api.ImportPreview, error) {
	_, err := f.one(id)
	entry := api.Entry{Order: []byte(`{"id":"A-1"}`)}
	return api.ImportPreview{
		Format: "csv", Encoding: "UTF-8", Head: []string{"a;b"}, Formats: []api.ImportFormat{{Name: "ndjson", Description: "ours"}},
		Orders: []api.ImportedPreview{
			{ImportLine: api.ImportLine{Line: 2, Order: "A-1", Result: intake.New}, Entries: []api.Entry{entry}, Routes: []api.Verdict{{Route: "ads", Order: "A-1", Action: "send", Body: "{}"}}},
			{ImportLine: someLine, Faults: []api.ImportLine{someLine}},
		},
		Error: "after line 3: it ends",
	}, err
}

func (f *fakeImporter) Start(_ context.Context, _, id string) (api.Import, error)  { return f.one(id) }
func (f *fakeImporter) Cancel(_ context.Context, _, id string) (api.Import, error) { return f.one(id) }
func (f *fakeImporter) Find(_ context.Context, _, id string) (api.Import, error)   { return f.one(id) }

func (f *fakeImporter) List(context.Context, string, string, int) (api.Imports, error) {
	return api.Imports{Imports: []api.Import{f.i}}, nil
}

func (f *fakeImporter) Report(_ context.Context, _, _ string, line func(api.ImportLine) error) error {
	if err := line(api.ImportLine{Line: 2, LastLine: 2, Order: "A-1", Result: intake.New, Seq: 7}); err != nil {
		return err
	}
	return line(someLine)
}

// fakeChecker has one check, 1001.
type fakeChecker struct{}

func (fakeChecker) Begin(_ context.Context, _, kind, by string, s api.CheckSpec) (api.Check, error) {
	if s.Route != "ads" {
		return api.Check{}, order.ErrNotFound
	}
	return api.Check{
		ID: "1001", Kind: kind, State: "running", By: by, Created: now, CheckSpec: s,
		Progress: api.CheckProgress{FromSeq: 1, ToSeq: 9, Seq: 4, Missing: 1, Sent: 1, Codes: map[string]int{"skip": 1}, Oldest: now, Newest: now, Orders: []api.Verdict{{Order: "A-1", Action: "skip"}}},
	}, nil
}

func (f fakeChecker) Find(ctx context.Context, shop, kind, id string) (api.Check, error) {
	if id != "1001" {
		return api.Check{}, order.ErrNotFound
	}
	return f.Begin(ctx, shop, kind, "ada", api.CheckSpec{Route: "ads", From: now})
}

func (f fakeChecker) Cancel(ctx context.Context, shop, kind, id string) (api.Check, error) {
	return f.Find(ctx, shop, kind, id)
}

func (f fakeChecker) List(ctx context.Context, shop, kind, _ string, _ int) (api.Checks, error) {
	c, err := f.Find(ctx, shop, kind, "1001")
	return api.Checks{Checks: []api.Check{c}}, err
}

func TestImports(t *testing.T) {
	t.Parallel()
	f := newFakeImporter()
	h := newHub(t, func(o *api.Options) { o.Importer = f })
	c := h.client("nordlys-operate")
	made, err := c.UploadImport(t.Context(), "nordlys", "ä & b.csv", strings.NewReader("a;b\n"))
	if err != nil || made.ID != "1001" || f.text != "a;b\n" || made.Name != "ä & b.csv" || made.By != "noperate" {
		t.Fatalf("%+v %v", made, err)
	}
	if _, err := c.UploadImport(t.Context(), "nordlys", "", strings.NewReader("")); err == nil {
		t.Error("an empty file was taken")
	}
	if p, err := c.PreviewImport(t.Context(), "nordlys", "1001"); err != nil || len(p.Orders) != 2 || p.Orders[0].Routes[0].Action != "send" {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := c.ConfigureImport(t.Context(), "nordlys", "1001", api.ImportSettings{Format: "ndjson", Mapping: "x: y"}); err == nil {
		t.Error("a format and a mapping were taken together")
	}
	if i, err := c.ConfigureImport(t.Context(), "nordlys", "1001", api.ImportSettings{Mapping: "x: y", History: true}); err != nil || !i.History {
		t.Errorf("%+v %v", i, err)
	}
	for _, do := range []func(context.Context, string, string) (api.Import, error){c.StartImport, c.CancelImport, c.Import} {
		if i, err := do(t.Context(), "nordlys", "1001"); err != nil || i.Progress.Faults[0] != someLine {
			t.Errorf("%+v %v", i, err)
		}
	}
	if list, err := c.Imports(t.Context(), "nordlys", api.ListOptions{Limit: 5}); err != nil || len(list.Imports) != 1 {
		t.Errorf("%+v %v", list, err)
	}
	for form, want := range map[string]string{
		"csv":    "line,last_line,order,result,seq,column,value,reason\n2,2,A-1,new,7,,,\n3,,'=1+1,refused,,total,\"'-5,00\",is no number\n",
		"ndjson": "{\"line\":2,\"last_line\":2,\"order\":\"A-1\",\"result\":\"new\",\"seq\":7}\n{\"line\":3,\"order\":\"=1+1\",\"result\":\"refused\",\"column\":\"total\",\"value\":\"-5,00\",\"reason\":\"is no number\"}\n",
	} {
		var b bytes.Buffer
		if err := c.ImportReport(t.Context(), "nordlys", "1001", form, &b); err != nil || b.String() != want {
			t.Errorf("%q, want %q (%v)", b.String(), want, err)
		}
	}
	if err := c.ImportReport(t.Context(), "nordlys", "none", "csv", io.Discard); err == nil {
		t.Error("an unknown import has a report")
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-operate")
	for _, kind := range []string{api.CheckMissing, api.CheckBackfill} {
		begun, err := c.BeginCheck(t.Context(), "nordlys", kind, api.CheckSpec{Route: "ads"})
		if err != nil || begun.Kind != kind || begun.By != "noperate" {
			t.Errorf("%+v %v", begun, err)
		}
		if found, err := c.Check(t.Context(), "nordlys", kind, "1001"); err != nil || found.Progress.Missing != 1 {
			t.Errorf("%+v %v", found, err)
		}
		if _, err := c.CancelCheck(t.Context(), "nordlys", kind, "1001"); err != nil {
			t.Error(err)
		}
		if list, err := c.Checks(t.Context(), "nordlys", kind, api.ListOptions{}); err != nil || len(list.Checks) != 1 {
			t.Errorf("%+v %v", list, err)
		}
	}
	for _, s := range []api.CheckSpec{{}, {Route: "gone"}, {Route: "ads", From: now, To: now}} {
		if _, err := c.BeginCheck(t.Context(), "nordlys", api.CheckMissing, s); err == nil {
			t.Errorf("%+v was taken", s)
		}
	}
	if _, err := c.Checks(t.Context(), "nordlys", "other", api.ListOptions{}); err == nil {
		t.Error("a kind that is none has checks")
	}
}

// TestSheets: a list is had whole in each form, whatever its pages.
func TestSheets(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	c := h.client("nordlys-read")
	var want []string
	for cursor := ""; ; {
		page, err := c.Orders(t.Context(), "nordlys", api.ListOptions{Limit: 1, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Orders {
			want = append(want, o.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	var csv, lines bytes.Buffer
	if err := c.Export(t.Context(), "nordlys", "orders", "csv", url.Values{"limit": {"1"}}, &csv); err != nil {
		t.Fatal(err)
	}
	if err := c.Export(t.Context(), "nordlys", "orders", "ndjson", nil, &lines); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range strings.Split(strings.TrimSpace(csv.String()), "\n")[1:] {
		id, _, _ := strings.Cut(row, ",")
		got = append(got, id)
	}
	if len(want) == 0 || !slices.Equal(got, want) || strings.Count(lines.String(), "\n") != len(want) {
		t.Errorf("%q, want %q; %s", got, want, lines.String())
	}
	for _, list := range []string{"deliveries", "reconcile?route=ads", "routes", "jobs?partner=deliveryhero", "captures", "couriers", "products", "promotions", "invitations", "reviews", "imports", "checks/missing"} {
		for _, form := range []string{"csv", "ndjson"} {
			mark := "?"
			if strings.Contains(list, "?") {
				mark = "&"
			}
			r := h.call("GET", "/api/v1/shops/nordlys/"+list+mark+"format="+form, "nordlys-read", "")
			if r.status != 200 || !strings.Contains(r.header.Get("Content-Disposition"), "."+form) || form == "csv" && !strings.Contains(r.body, ",") {
				t.Errorf("%s as %s: %d %s", list, form, r.status, r.body)
			}
		}
	}
	for _, wrong := range []string{"orders?format=xml", "orders?format=csv&colour=red", "reconcile?format=csv"} {
		if r := h.call("GET", "/api/v1/shops/nordlys/"+wrong, "nordlys-read", ""); r.status != 400 {
			t.Errorf("%s: %d", wrong, r.status)
		}
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/orders", "nordlys-read", "", "Accept", "text/csv"); !strings.HasPrefix(r.body, "id,") {
		t.Errorf("by Accept: %s", r.body)
	}
}
