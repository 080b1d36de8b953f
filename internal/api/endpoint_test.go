package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

var ctx = context.Background()

func TestOrder(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	h.call("GET", "/api/v1/shops/nordlys/orders/1001", "nordlys-read", "")
	o, err := h.client("nordlys-read").Order(ctx, "nordlys", "1001")
	if err != nil {
		t.Fatal(err)
	}
	if o.Number != 1 || o.Seq != 3 || o.Order.Customer.Email != "ada@customer.example" || o.Total.String() != "12.50" || o.Lines != 1 {
		t.Errorf("%+v", o)
	}
	if len(o.Events) != 2 || o.Events[1].Kind != order.KindShipped || o.Events[1].Happening.Ref != "s1" || len(o.Events[0].Hash) != 64 {
		t.Errorf("events %+v", o.Events)
	}
	if len(o.Deliveries) != 1 || o.Deliveries[0].Calls[0].Exchanges[0].ResponseBody != "no" || o.Deliveries[0].Code != "http_400" {
		t.Errorf("deliveries %+v", o.Deliveries)
	}
	if len(o.Skipped) != 1 || o.Skipped[0].Reason != "when" {
		t.Errorf("skipped %+v", o.Skipped)
	}
	// An id with a slash and a blank.
	if o, err = h.client(admin).Order(ctx, "nordlys", "a/b c"); err != nil || o.ID != "a/b c" {
		t.Errorf("%v %v", o.ID, err)
	}
	if _, err = h.client(admin).Order(ctx, "nordlys", "none"); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
}

func ids(list []api.OrderSummary) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.ID)
	}
	return out
}

func TestOrdersNewestFirst(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	f := func(o api.ListOptions, want ...string) {
		t.Helper()
		page, err := h.client("nordlys-read").Orders(ctx, "nordlys", o)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, ids(page.Orders), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%+v (-want +got):\n%s", o, d)
		}
	}
	f(api.ListOptions{}, "a/b c", "1002", "1001")
	h.follow()
	f(api.ListOptions{Channel: "online"}, "1001")
	f(api.ListOptions{Since: now.Add(2 * time.Minute)}, "a/b c", "1002")
	f(api.ListOptions{Until: now.Add(2 * time.Minute)}, "1002", "1001")
	f(api.ListOptions{Since: now.Add(2 * time.Minute), Until: now.Add(3 * time.Minute)}, "1002")
	f(api.ListOptions{Since: now.Add(time.Hour)})

	// Page by page, with an operator's act between the orders.
	h.call("POST", "/api/v1/shops/nordlys/routes/ads/pause", admin, "")
	var got []string
	o := api.ListOptions{Limit: 1}
	for {
		page, err := h.client(admin).Orders(ctx, "nordlys", o)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids(page.Orders)...)
		if o.Cursor = page.Next; o.Cursor == "" {
			break
		}
	}
	if d := cmp.Diff([]string{"a/b c", "1002", "1001"}, got); d != "" {
		t.Error(d)
	}
	h.call("GET", "/api/v1/shops/nordlys/orders?limit=1", "nordlys-read", "")
}

func TestQueriesAreChecked(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(path string) {
		t.Helper()
		if r := h.call("GET", "/api/v1/shops/nordlys/"+path, admin, ""); r.status != 400 {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	f("orders?limit=0")
	f("orders?limit=501")
	f("orders?limit=ten")
	f("orders?cursor=!")
	f("orders?cursor=MTI")
	f("orders?since=yesterday")
	f("orders?colour=red")
	f("orders?limit=1&limit=2")
	f("deliveries?state=lost")
	f("reconcile")
	f("reconcile?route=ads&from_seq=-1")
	f("routes?x=1")
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.call("GET", "/api/v1/shops/nordlys/deliveries?state=failed,refused&route=ads&code=http_400&order=1001,1002", "nordlys-read", "")
	want := delivery.Filter{
		Route: "ads", States: []delivery.State{delivery.Failed, delivery.Refused}, Code: "http_400",
		OrderIDs: []string{"1001", "1002"}, Limit: 50,
	}
	if d := cmp.Diff(want, h.engine.last); d != "" {
		t.Error(d)
	}
	page, err := h.client(admin).Deliveries(ctx, "nordlys", api.ListOptions{})
	if err != nil || len(page.Deliveries) != 1 || page.Next != "two" || page.Deliveries[0].Order != "1001" {
		t.Fatalf("%+v %v", page, err)
	}
	page, err = h.client(admin).Deliveries(ctx, "nordlys", api.ListOptions{Cursor: page.Next})
	if err != nil || len(page.Deliveries) != 0 || page.Next != "" {
		t.Fatalf("%+v %v", page, err)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.call("GET", "/api/v1/shops/nordlys/routes", "nordlys-read", "")
	list, err := h.client("nordlys-read").Routes(ctx, "nordlys")
	if err != nil || len(list.Routes) != 2 || list.Routes[0].LagSeconds != 90 || list.Routes[0].Counts[delivery.Failed] != 1 {
		t.Errorf("%+v %v", list, err)
	}
	v, err := h.client(admin).Test(ctx, "nordlys", "ads", "1001")
	if err != nil || v.Action != "hold" || v.Body != "\ufffda" {
		t.Errorf("%+v %v", v, err)
	}
	m, err := h.client(admin).Reconcile(ctx, "nordlys", api.ListOptions{Route: "ads", From: now, FromSeq: 3})
	if err != nil || len(m.Missing) != 1 || !h.engine.last.From.Equal(now) || h.engine.last.FromSeq != 3 {
		t.Errorf("%+v %v", m, err)
	}
}

// TestActs does everything an operator can do and reads the record of it.
func TestActs(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	c := h.client("nordlys-admin")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	must(c.Pause(ctx, "nordlys", "ads", "stocktaking"))
	must(c.Resume(ctx, "nordlys", "ads"))
	_, err := c.Replay(ctx, "nordlys", "ads", api.Selection{From: now, To: now.Add(time.Hour)})
	must(err)
	_, err = c.Backfill(ctx, "nordlys", "ads", api.Selection{FromSeq: 1, ToSeq: 9})
	must(err)
	_, err = c.Retry(ctx, "nordlys", api.Selection{Route: "ads", States: []delivery.State{delivery.Failed}, Code: "http_400"})
	must(err)
	_, err = c.Drop(ctx, "nordlys", api.Selection{Orders: []string{"1001", "1002"}})
	must(err)
	_, err = c.Hold(ctx, "nordlys", api.Hold{Selection: api.Selection{Orders: []string{"1001"}}, Reason: "stocktaking"})
	must(err)
	_, err = c.Release(ctx, "nordlys", api.Selection{Route: "ads"})
	must(err)
	_, err = c.Send(ctx, "nordlys", "ads", "1001", false)
	must(err)
	_, err = c.Correct(ctx, "nordlys", "1002", []byte(`{"channel":"online"}`))
	must(err)
	must(c.Erase(ctx, "nordlys", "1001"))
	_, err = c.CreateToken(ctx, "nordlys", "erp", api.Submit)
	must(err)
	_, err = c.RotateToken(ctx, "nordlys", "erp", time.Hour)
	must(err)
	must(c.RevokeToken(ctx, "nordlys", "erp"))

	// Dry runs and refused acts leave no record.
	acted, err := c.Replay(ctx, "nordlys", "ads", api.Selection{All: true, DryRun: true})
	if err != nil || acted.Count != 2 || len(acted.Verdicts) != 1 || acted.Verdicts[0].Body != `{"a":1}` {
		t.Errorf("%+v %v", acted, err)
	}
	if err := c.Pause(ctx, "nordlys", "none", ""); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}

	want := []string{
		"operator:nadmin: pause route ads: stocktaking",
		"operator:nadmin: resume route ads",
		"operator:nadmin: replay route ads: from=2026-05-31T09:30:00Z to=2026-05-31T10:30:00Z count=2",
		"operator:nadmin: backfill route ads: seq=1-9 count=2",
		"operator:nadmin: retry deliveries: route=ads states=failed code=http_400 count=2",
		"operator:nadmin: drop deliveries: orders=2 count=2",
		"operator:nadmin: hold deliveries: orders=1 count=2",
		"operator:nadmin: release deliveries: route=ads count=2",
		"operator:nadmin: send order 1001: route=ads",
		"operator:nadmin: correct order 1002",
		"operator:nadmin: erase order 1001",
		"operator:nadmin: create token erp: scope=submit",
		"operator:nadmin: rotate token erp: keep=1h0m0s",
		"operator:nadmin: revoke token erp",
	}
	if d := cmp.Diff(want, h.ledger.acts("nordlys")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"nordlys/1001"}, h.erased); d != "" {
		t.Error(d)
	}
}

func TestAnActIsDoneEvenWhenItCanNotBeRecorded(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.ledger.err = order.ErrReadOnly
	if r := h.call("POST", "/api/v1/shops/nordlys/routes/ads/pause", admin, `{"reason":"disk full"}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if d := cmp.Diff([]string{"pause nordlys/ads disk full"}, h.engine.calls); d != "" {
		t.Error(d)
	}
}

func TestActsNameWhatTheyMean(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	f := func(path, body string) {
		t.Helper()
		if r := h.call("POST", "/api/v1/shops/nordlys/"+path, admin, body); r.status != 400 {
			t.Errorf("%s %s: %d %s", path, body, r.status, r.body)
		}
		if len(h.engine.calls) > 0 {
			t.Errorf("%s %s: %v", path, body, h.engine.calls)
		}
	}
	// Nothing said must not mean everything.
	f("deliveries/retry", "")
	f("deliveries/drop", `{}`)
	f("deliveries/drop", `{"dry_run":true}`)
	f("deliveries/hold", `{"reason":"all of it?"}`)
	f("deliveries/hold", `{"all":true,"reason":"`+strings.Repeat("x", 501)+`"}`)
	f("deliveries/release", `{}`)
	f("routes/ads/replay", `{}`)
	f("routes/ads/backfill", `{"route":"hook"}`)
	f("deliveries/retry", `{"states":["lost"]}`)
	f("deliveries/retry", `{"rout":"ads"}`)
	f("deliveries/send", `{"route":"ads"}`)
	f("routes/ads/test", `{}`)
	f("routes/ads/pause", `[]`)
	f("orders/1001/correct", `{}`)
	f("orders/1001/correct", `{"order":{"id":"1002"}}`)
	f("orders/1001/correct", `{"order":{"colour":"red"}}`)
	f("tokens", `{"name":"Bad Name","scope":"read"}`)
	f("tokens", `{"name":"erp","scope":"root"}`)
	f("tokens/nread/rotate", `{"keep_seconds":-1}`)
	if r := h.call("POST", "/api/v1/shops/_hub/tokens", admin, `{"name":"admin","scope":"read"}`); r.status != 400 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.call("POST", "/api/v1/shops/nordlys/routes/ads/pause", admin, `x`, "Content-Type", "text/plain"); r.status != 415 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.call("POST", "/api/v1/shops/nordlys/orders/none/correct", admin, `{"order":{"channel":"x"}}`); r.status != 404 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-admin")
	made, err := c.CreateToken(ctx, "nordlys", "erp", api.Submit)
	if err != nil || made.Token == "" || made.Scope != api.Submit {
		t.Fatalf("%+v %v", made, err)
	}
	if _, err = c.CreateToken(ctx, "nordlys", "erp", api.Submit); !errors.Is(err, order.ErrConflict) {
		t.Error(err)
	}
	list, err := c.Tokens(ctx, "nordlys")
	if err != nil || len(list.Tokens) != 5 || list.Tokens[0].Name != "erp" {
		t.Errorf("%+v %v", list, err)
	}
	rotated, err := c.RotateToken(ctx, "nordlys", "erp", 0)
	if err != nil || rotated.Token == made.Token {
		t.Errorf("%+v %v", rotated, err)
	}
	// The hub's own tokens reach every shop.
	if _, err = c.CreateToken(ctx, api.Hub, "all", api.Read); err == nil {
		t.Error("a shop's admin made a token of the hub")
	}
	all, err := h.client(admin).CreateToken(ctx, api.Hub, "all", api.Read)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = h.client(all.Token).Orders(ctx, "aurora", api.ListOptions{}); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"operator:admin: create token all: scope=read"}, h.ledger.acts(api.Hub)); d != "" {
		t.Error(d)
	}
}

func TestHub(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client(admin)
	shops, err := c.Shops(ctx)
	if err != nil || len(shops.Shops) != 2 {
		t.Errorf("%+v %v", shops, err)
	}
	if shops, err = h.client("aurora-read").Shops(ctx); err != nil || len(shops.Shops) != 1 || shops.Shops[0].ID != "aurora" {
		t.Errorf("%+v %v", shops, err)
	}
	alerts, err := c.Alerts(ctx)
	if err != nil || len(alerts.Alerts) != 2 {
		t.Errorf("%+v %v", alerts, err)
	}
	if alerts, err = h.client("nordlys-read").Alerts(ctx); err != nil || len(alerts.Alerts) != 1 {
		t.Errorf("%+v %v", alerts, err)
	}
	if nodes, err := c.Nodes(ctx); err != nil || len(nodes.Nodes) != 1 || nodes.Nodes[0].Name != "one" {
		t.Errorf("%+v %v", nodes, err)
	}
	if done, err := c.Reload(ctx); err != nil || !done.Done || len(done.Nodes) != 2 {
		t.Error(err)
	}
	report, err := c.Backup(ctx, "/backups/one")
	if err != nil || report.Files != 2 {
		t.Errorf("%+v %v", report, err)
	}
	if r := h.call("POST", "/api/v1/backup", admin, ""); r.status != 400 {
		t.Errorf("%d", r.status)
	}
	verified, err := c.Verify(ctx, "nordlys")
	if err != nil || !verified.Whole || verified.Faults == nil {
		t.Errorf("%+v %v", verified, err)
	}
	if _, err = c.Verify(ctx, api.Hub); err != nil {
		t.Error(err)
	}
	want := []string{"operator:admin: reload configuration", "operator:admin: backup store"}
	if d := cmp.Diff(want, h.ledger.acts(api.Hub)); d != "" {
		t.Error(d)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	list, err := h.client("nordlys-read").Files(ctx, "nordlys", "ads")
	if err != nil || len(list.Files) != 2 || list.Files[0].Bytes != 120 || !list.Files[0].Fetches[0].Whole || !list.Files[1].Withdrawn {
		t.Errorf("%+v %v", list, err)
	}
	if _, err := h.client("nordlys-read").Files(ctx, "nordlys", "none"); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/routes/ads/files", "nordlys-submit", ""); r.status != 403 {
		t.Errorf("%d", r.status)
	}
	none := newHub(t, func(o *api.Options) { o.Operator.Files = nil })
	if r := none.call("GET", "/api/v1/shops/nordlys/routes/ads/files", admin, ""); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}

func TestReloadTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(o *api.Options) {
		o.Operator.Reload = func(context.Context) ([]api.NodeReload, error) {
			return nil, errors.New("ordermux.yml:3: listne: unknown key")
		}
	})
	r := h.call("POST", "/api/v1/reload", admin, "")
	if p := r.problem(t); r.status != 400 || p.Detail != "nothing was changed: ordermux.yml:3: listne: unknown key" {
		t.Errorf("%d %+v", r.status, p)
	}
}

// TestReloadOfSeveralNodes is whole on one of two: the answer is no success,
// and says what each did.
func TestReloadOfSeveralNodes(t *testing.T) {
	t.Parallel()
	told := []api.NodeReload{{ID: "a1", Name: "one", Done: true}, {ID: "b2", Name: "two", Error: "ordermux.yml:3: listne: unknown key"}}
	h := newHub(t, func(o *api.Options) {
		o.Operator.Reload = func(context.Context) ([]api.NodeReload, error) { return told, nil }
	})
	_, err := h.client(admin).Reload(ctx)
	p, ok := errors.AsType[*api.Problem](err)
	if !ok || p.Status != 400 {
		t.Fatal(err)
	}
	if d := cmp.Diff(told, p.Nodes); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"operator:admin: reload configuration"}, h.ledger.acts(api.Hub)); d != "" {
		t.Error(d)
	}
	h.call("POST", "/api/v1/reload", admin, "")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client(admin)
	out, err := c.SetFaults(ctx, "citrusad", []byte(`{"share_429":0.5}`))
	if err != nil || string(out) != `{"share_429":0.5}` {
		t.Errorf("%s %v", out, err)
	}
	if out, err = c.Faults(ctx, "citrusad"); err != nil || string(out) != `{"share_429":0.5}` {
		t.Errorf("%s %v", out, err)
	}
	var bad *order.Invalid
	if _, err = c.SetFaults(ctx, "citrusad", []byte(`{"share_429":2}`)); !errors.As(err, &bad) || bad.Faults[0].Path != "share_429" {
		t.Error(err)
	}
	none := newHub(t, func(o *api.Options) { o.Faults = nil })
	if r := none.call("GET", "/api/v1/faults/citrusad", admin, ""); r.status != 404 {
		t.Errorf("%d", r.status)
	}
	if r := none.call("PUT", "/api/v1/faults/citrusad", admin, `{}`); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}
