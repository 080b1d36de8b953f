package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/shipping"
)

// depot is a partner whose door takes orders of accounts and tells each of them
// when an order of theirs is shipped.
func depot() partner.Partner {
	keep := func(s string) string { return "kept-" + strings.TrimPrefix(s, "kept-") }
	return partner.Partner{Name: "depot", Title: "Depot", Settings: []partner.Field{
		{Name: "key", Door: true, Kind: partner.Text, Secret: true, Credential: true, Make: partner.MakeKey, Description: "Key."},
		{Name: "greeting", Door: true, Hub: true, Kind: partner.Document, Description: "What notices begin with."},
		{Name: "letters", Of: "account", Door: true, Kind: partner.Document, Description: "Nothing that can be given by hand."},
		{Name: "login", Of: "account", Door: true, Kind: partner.Text, Required: true, Credential: true, Description: "Login."},
		{Name: "password", Of: "account", Door: true, Kind: partner.Text, Required: true, Secret: true, Keep: keep, Make: partner.MakeKey, Description: "Password."},
		{Name: "notice_url", Of: "account", Door: true, Kind: partner.URL, Description: "Where notices go."},
	}, Door: newDepot, Callback: newDepotCallback}
}

func newDepot(d partner.Deps) (partner.Side, error) {
	return partner.Side{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g, ok, err := d.Credentials.Find(r.Context(), "login", r.FormValue("login"))
		if err == nil && ok {
			ok, err = d.Credentials.Check(r.Context(), g, "password", r.FormValue("password"))
		}
		if err != nil || !ok {
			http.Error(w, fmt.Sprint("nobody ", err), http.StatusUnauthorized)
			return
		}
		e := order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: r.FormValue("id")}, Source: g.Source}
		if r.FormValue("shipped") == "" {
			e.Statement = &order.Statement{Order: order.Order{
				ID: e.Subject.ID, Account: g.Account, Shipping: &order.Shipping{Courier: r.FormValue("courier")},
			}}
		} else {
			e.Happening = &order.Happening{Kind: order.KindShipped, Parcel: &order.Parcel{Number: "of-the-door"}}
		}
		if _, err := d.Intake.Append(r.Context(), g.Shop, []order.Entry{e}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%s %s %s", g.Account, d.Settings["greeting"].Text, g.Settings["password"].Secret.Reveal())
	})}, nil
}

// newDepotCallback posts to the account's address.
func newDepotCallback(d partner.Deps) (partner.Side, error) {
	address := func(ctx context.Context, login string) (string, error) {
		list, err := d.Credentials.List(ctx, d.Shop, "account")
		if err != nil {
			return "", err
		}
		for _, g := range list {
			if g.Account == login {
				return g.Settings["notice_url"].Text, nil
			}
		}
		return "", order.ErrNotFound
	}
	post := func(ctx context.Context, login, text string) error {
		to, err := address(ctx, login)
		if err != nil {
			return err
		}
		_, err = d.HTTP.Do(ctx, outbound.Request{URL: to, Body: []byte(d.Settings["greeting"].Text + text)})
		return err
	}
	return partner.Side{
		Mode: partner.Each, On: []order.Kind{order.KindShipped},
		Plan: func(o *order.Order, _, _ time.Time) partner.Plan {
			if o.Account == "" {
				return partner.Plan{Skip: "not an account's", Code: "no_account"}
			}
			return partner.Plan{}
		},
		Deliver: func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
			p := tasks[0].Event.Happening.Parcel
			err := post(ctx, tasks[0].Order.Account, " "+tasks[0].Order.ID+" "+p.Number+" "+p.TrackingURL)
			e, ok := errors.AsType[*outbound.Error](err)
			switch {
			case err == nil:
				return []partner.Outcome{partner.Delivered("")}
			case ok && e.Op == outbound.OpGuard:
				return []partner.Outcome{partner.Refused("guard", "an address that must not be reached")}
			}
			return []partner.Outcome{partner.Unknown("failed", err.Error())}
		},
		Test: func(ctx context.Context, account string) (string, error) {
			return "posted a test to " + account, post(ctx, account, " test")
		},
		Couriers: func(_ context.Context, fresh bool) (*shipping.Mirror, error) {
			if fresh {
				return nil, errors.New("the depot is closed")
			}
			return &shipping.Mirror{Couriers: []shipping.Foreign{{ID: "5", Name: "DPD"}}}, nil
		},
		Troubles: func(ctx context.Context) ([]string, error) {
			v, ok, err := d.At(d.Shop).Get(ctx, "trouble")
			if !ok || err != nil {
				return nil, err
			}
			return strings.Split(string(v), "|"), nil
		},
	}, nil
}

// withDepot makes a hub know the depot, by a text of its configuration.
func withDepot(t *testing.T, p place, text string) func(*app.Options) {
	t.Helper()
	write(t, p.dir, "greeting.txt", []byte("Hello,\nparcel:"))
	cfg, err := parse(p, text, depot())
	if err != nil {
		t.Fatal(err)
	}
	return func(o *app.Options) {
		c := *cfg
		o.Partners, o.Config = append(all.List(), depot()), &c
	}
}

// depotText is the configuration of a shop; doors is what it says of the depot.
func depotText(doors string) string {
	text := strings.Replace(shop(""), "    routes:", doors+`    couriers:
      dpd: {id: 5, name: DPD, tracking: "https://track.example/{parcel}"}
    routes:`, 1)
	return "doors:\n  depot: {greeting: greeting.txt}\noutbound: {allow_private: [127.0.0.0/8]}\n" + text
}

// notices are what an account's address took.
type notices struct {
	mu   sync.Mutex
	list []string
	url  string
}

func takeNotices(t *testing.T) *notices {
	t.Helper()
	n := &notices{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.list = append(n.list, string(b))
	}))
	t.Cleanup(srv.Close)
	n.url = srv.URL
	return n
}

func (n *notices) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.list)
}

// atDepot asks the depot something: form is name, value …
func (h *hub) atDepot(form ...string) (int, string) {
	h.t.Helper()
	v := url.Values{}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	return send(h.t, "GET", h.URL()+"/depot/?"+v.Encode(), "", "")
}

const depotRoute = "depot:callback"

// TestCallbackOfConfigured: an order of an account is shipped by the API, and
// its address is told, once, with the link of the courier.
func TestCallbackOfConfigured(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		told := takeNotices(t)
		p := at(t)
		h := startHub(t, p, shop(""), withDepot(t, p, depotText(`      depot:
        - {kind: account, login: nordshop, password: secret-word, notice_url: "`+told.url+`"}
        - {kind: account, name: b, login: closed, password: other-word, notice_url: "http://192.168.77.1/"}
`)))
		if status, body := h.atDepot("login", "nordshop", "password", "secret-word", "id", "nordshop-1", "courier", "dpd"); status != 200 || body != "nordshop Hello,\nparcel: kept-secret-word" {
			t.Fatal(status, body)
		}
		if status, _ := h.atDepot("login", "nordshop", "password", "wrong"); status != http.StatusUnauthorized {
			t.Error(status)
		}
		h.give(oneOrder("o-1", "3.00"))
		for _, id := range []string{"nordshop-1", "o-1"} {
			for range 2 {
				if out, err := h.api.Ship(t.Context(), "nordlys", id, api.Shipment{Parcel: "P 7"}); err != nil {
					t.Fatal(out, err)
				}
			}
		}
		// What the door itself said is not sent back to those who said it.
		if status, body := h.atDepot("login", "nordshop", "password", "secret-word", "id", "nordshop-1", "shipped", "yes"); status != 200 {
			t.Fatal(status, body)
		}
		h.settled()
		if got := told.all(); !slices.Equal(got, []string{"Hello,\nparcel: nordshop-1 P 7 https://track.example/P%207"}) {
			t.Errorf("%q", got)
		}
		// Addresses in credentials reach no private network that nobody allowed.
		if status, body := h.atDepot("login", "closed", "password", "other-word", "id", "closed-1"); status != 200 {
			t.Fatal(status, body)
		}
		if _, err := h.api.Ship(t.Context(), "nordlys", "closed-1", api.Shipment{Parcel: "P-8"}); err != nil {
			t.Fatal(err)
		}
		h.settled()
		list, err := h.api.Deliveries(t.Context(), "nordlys", api.ListOptions{Route: depotRoute, Orders: []string{"closed-1"}})
		if err != nil || len(list.Deliveries) != 1 || list.Deliveries[0].State != "refused" || list.Deliveries[0].Code != "guard" {
			t.Errorf("%+v %v", list, err)
		}
		if page := h.get("/metrics"); !strings.Contains(page, `ordermux_route_state{partner="depot",route="depot:callback",shop="nordlys"`) {
			t.Error("the route has no figures")
		}
	})
}

// TestCallbackIsRoute: it is listed, paused, resumed and tested as any other,
// and its troubles are told of while they last.
func TestCallbackIsRoute(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		told := takeNotices(t)
		p := at(t)
		var state partner.State
		spy := depot()
		build := spy.Callback
		spy.Callback = func(d partner.Deps) (partner.Side, error) {
			state = d.At(d.Shop)
			return build(d)
		}
		h := startHub(t, p, shop(""), withDepot(t, p, depotText(`      depot: {kind: account, login: nordshop, password: w, notice_url: "`+told.url+`"}
`)), func(o *app.Options) { o.Partners = append(all.List(), spy) })
		ctx := t.Context()
		h.listed(depotRoute, "flowing")
		if err := h.api.Pause(ctx, "nordlys", depotRoute, "a test"); err != nil {
			t.Fatal(err)
		}
		h.listed(depotRoute, "paused")
		if err := h.api.Resume(ctx, "nordlys", depotRoute); err != nil {
			t.Fatal(err)
		}
		if got, err := h.api.TestMessage(ctx, "nordlys", depotRoute, "nordshop"); err != nil || got.Said != "posted a test to nordshop" || len(told.all()) != 1 {
			t.Error(got, err, told.all())
		}
		if _, err := h.api.TestMessage(ctx, "nordlys", depotRoute, "stranger"); !errors.Is(err, order.ErrNotFound) {
			t.Error(err)
		}
		if m, err := h.api.RouteCouriers(ctx, "nordlys", depotRoute, false); err != nil || len(m.Couriers) != 1 {
			t.Error(m, err)
		}
		_, err := h.api.RouteCouriers(ctx, "nordlys", depotRoute, true)
		if problem, ok := errors.AsType[*api.Problem](err); !ok || problem.Status != http.StatusBadGateway || problem.Detail != "the depot is closed" {
			t.Error(err)
		}
		if err := state.Put(ctx, "trouble", []byte("Courier 5 is gone.|Courier 6 too."), 0); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the alert", func() bool { return alerted(t, h, "route_troubles") })
		list, err := h.api.Alerts(ctx)
		if err != nil || len(list.Alerts) != 2 || !strings.HasSuffix(list.Alerts[0].Text, ": Courier 5 is gone.") || !strings.HasSuffix(list.Alerts[1].Text, ": Courier 6 too.") || list.Alerts[0].Route != depotRoute {
			t.Error(list, err)
		}
		if err := state.Delete(ctx, "trouble"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the alert ends", func() bool { return !alerted(t, h, "route_troubles") })
	})
}

// listed waits until the route stands so.
func (h *hub) listed(route, state string) {
	h.t.Helper()
	eventually(h.t, route+" is "+state, func() bool {
		list, err := h.api.Routes(h.t.Context(), "nordlys")
		if err != nil {
			h.t.Fatal(err)
		}
		return slices.ContainsFunc(list.Routes, func(r api.Route) bool { return r.Name == route && r.State == state })
	})
}

// TestCallbackOfMadeCredential: a shop without a credential at the door has no
// callback; its first one, made while the hub runs, brings it before it can be
// used, on every node, and it is there after a restart and a reload.
func TestCallbackOfMadeCredential(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		told := takeNotices(t)
		p, text := at(t), depotText("")
		start := withDepot(t, p, text)
		h := startHub(t, p, shop(""), start)
		nodes := []*hub{h}
		if p.database != "" {
			nodes = append(nodes, startHub(t, p, shop(""), start))
		}
		if routes := h.routeNames(); len(routes) != 0 {
			t.Errorf("routes before: %q", routes)
		}
		ref := api.CredentialRef{Shop: "nordlys", Partner: "depot", Kind: "account", Name: "nord"}
		_, err := h.api.CreateCredential(t.Context(), ref, map[string]api.FieldValue{"login": {"nordshop"}, "letters": {"a.txt"}})
		if bad, ok := errors.AsType[*order.Invalid](err); !ok || bad.Faults[0].Path != "values.letters" {
			t.Errorf("a document by hand: %v", err)
		}
		made, err := h.api.CreateCredential(t.Context(), ref, map[string]api.FieldValue{"login": {"nordshop"}, "notice_url": {told.url}})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			n.listed(depotRoute, "flowing")
		}
		password := made.Made["password"]
		if status, body := nodes[len(nodes)-1].atDepot("login", "nordshop", "password", password, "id", "nordshop-1", "courier", "5"); status != 200 || !strings.HasSuffix(body, " kept-"+password) {
			t.Fatal(status, body)
		}
		if _, err := h.api.Ship(t.Context(), "nordlys", "nordshop-1", api.Shipment{Parcel: "P-1"}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the notice", func() bool { return len(told.all()) == 1 })
		cfg, err := parse(p, text, depot())
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Reload(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		h.listed(depotRoute, "flowing")
		for _, n := range nodes {
			if err := n.stop(); err != nil {
				t.Fatal(err)
			}
		}
		h = startHub(t, p, shop(""), start)
		h.listed(depotRoute, "flowing")
		if status, body := h.atDepot("login", "nordshop", "password", password, "id", "nordshop-2"); status != 200 {
			t.Fatal(status, body)
		}
	})
}

// routeNames lists the routes of the shop.
func (h *hub) routeNames() (out []string) {
	h.t.Helper()
	list, err := h.api.Routes(h.t.Context(), "nordlys")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range list.Routes {
		out = append(out, r.Name)
	}
	return out
}

// TestReloadOfDoors: what is said of a whole door, down to a file that it
// names, needs a restart.
func TestReloadOfDoors(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	text := depotText("")
	h := startHub(t, p, shop(""), withDepot(t, p, text))
	reload := func() error {
		t.Helper()
		cfg, err := parse(p, text, depot())
		if err != nil {
			t.Fatal(err)
		}
		return h.Reload(t.Context(), cfg)
	}
	if err := reload(); err != nil {
		t.Fatal(err)
	}
	write(t, p.dir, "greeting.txt", []byte("Good day"))
	refused := func(want string) {
		t.Helper()
		if err := reload(); err == nil || err.Error() != want+" can not change while the hub runs; restart it" {
			t.Error(err)
		}
	}
	refused("doors.depot.greeting")
	text = strings.Replace(text, "  depot: {", "  depot: {listen: 127.0.0.1:0, ", 1)
	refused("doors.depot.listen, doors.depot.greeting")
	text = strings.Replace(text, "doors:\n  depot:", "doors:\n  citrusad:", 1)
	text = strings.Replace(text, ", greeting: greeting.txt", "", 1)
	refused("doors.citrusad.listen, doors.depot.greeting")
}
