package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// hub writes a store as a hub does: at random, everything that can happen.
type hub struct {
	testing.TB
	dir    string
	store  *sqlite.Store
	ledger *ledger.Ledger
	random *rand.Rand
	shops  []*shop
	tokens byte
	steps  atomic.Int64
	marks  []time.Time // see grow
}

type shop struct {
	id      string
	ids     []string         // of orders
	numbers map[string]int64 // of orders
	routes  []*route
}

type route struct {
	row  delivery.RouteRow
	rows []*delivery.Delivery
}

var base = time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)

func newHub(t testing.TB, seed uint64) *hub {
	t.Helper()
	h := &hub{TB: t, dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, seed))}
	h.open()
	for _, id := range []string{"aurora", "nordlys", "søndag"} {
		s := &shop{id: id, numbers: map[string]int64{}}
		h.shops = append(h.shops, s)
		var rows []delivery.RouteRow
		for _, r := range []string{"ads", "hook", "mail"} {
			rows = append(rows, delivery.RouteRow{Shop: id, Route: r, Partner: "webhook", Personal: r != "ads"})
		}
		all, err := h.store.Deliveries().OpenRoutes(h.Context(), id, 0, rows)
		h.must(err)
		for _, row := range all {
			s.routes = append(s.routes, &route{row: row})
		}
	}
	last := h.shops[len(h.shops)-1].id // something of everything that may also go again
	h.must(h.store.CreateToken(h.Context(), store.Token{Digest: [32]byte{1}, Shop: last, Name: "kept", Scope: "read", Issued: base}))
	h.must(h.store.State(last, "door").Put(h.Context(), "kept", []byte{0}, 0))
	for range 4 {
		h.grow()
	}
	h.cut()
	for n := range uint64(20) {
		h.promotions(h.shops[len(h.shops)-1], rand.New(rand.NewPCG(n, 9)))
	}
	return h
}

func (h *hub) open() {
	h.Helper()
	var err error
	h.store, err = sqlite.Open(context.WithoutCancel(h.Context()), h.dir, sqlite.Options{})
	h.must(err)
	h.ledger = ledger.New(h.store, ledger.Options{})
}

func (h *hub) close() {
	h.Helper()
	h.must(h.store.Close())
}

// must fails from any goroutine.
func (h *hub) must(err error) {
	h.Helper()
	if err != nil {
		h.Error(err)
		panic(err)
	}
}

// step does one thing.
func (h *hub) step() {
	n := h.steps.Add(1)
	s := h.shops[h.random.IntN(len(h.shops))]
	if n%16 == 4 {
		h.promotions(s, rand.New(rand.NewPCG(uint64(n), 9)))
	}
	if n%8 == 0 {
		h.products(s, rand.New(rand.NewPCG(uint64(n), 8)))
	}
	if n%8 == 5 {
		h.grow()
		h.cut()
	}
	acts := []func(*shop){
		h.appendOrders, h.appendOrders, h.appendHappening, h.review, h.plan, h.plan, h.settle, h.settle, h.settle, h.claim,
		h.replace, h.keepState, h.fetch, h.token, h.note,
	}
	if h.random.IntN(25) == 0 {
		acts = []func(*shop){h.erase}
	}
	acts[h.random.IntN(len(acts))](s)
}

func (h *hub) run(steps int) {
	for range steps {
		h.step()
	}
}

func (h *hub) text(kind string) string {
	return fmt.Sprintf("%s-%d ø\"\\{}", kind, h.random.IntN(1000))
}

var sources = []order.Source{
	{Name: "citrusad:default", Rank: order.RankDoor}, {Name: "citrusad:default/public", Rank: order.RankPublic},
	{Name: "api:erp", Rank: order.RankShop},
}

func (h *hub) appendOrders(s *shop) {
	var entries []order.Entry
	for range 1 + h.random.IntN(6) {
		id := fmt.Sprintf("%s-%d", s.id, h.random.IntN(len(s.ids)+20))
		o := order.Order{
			ID: id, Currency: []string{"SEK", "NOK", "EUR"}[h.random.IntN(3)], Session: h.text("session"),
			References: []order.Reference{{Kind: "invoice", Value: fmt.Sprint("R-", h.random.IntN(500))}},
		}
		if h.random.IntN(3) > 0 {
			o.Customer = &order.Customer{Name: h.text("person"), Email: "person@nordlys.example"}
		}
		entries = append(entries, order.Entry{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: sources[h.random.IntN(len(sources))],
			Statement: &order.Statement{Order: o}, History: h.random.IntN(9) == 0,
		})
	}
	h.append(s, entries)
}

func (h *hub) appendHappening(s *shop) {
	if len(s.ids) == 0 {
		return
	}
	said := &order.Happening{Kind: order.KindNote, Note: h.text("remark")}
	if h.random.IntN(2) == 0 {
		said = &order.Happening{Kind: order.KindRefunded, Ref: h.text("ref")}
	}
	h.append(s, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: s.ids[h.random.IntN(len(s.ids))]},
		Source:  sources[h.random.IntN(len(sources))], Happening: said,
	}})
}

// review tells of a new version of one of few reviews.
func (h *hub) review(s *shop) {
	if len(s.ids) == 0 {
		return
	}
	id := s.ids[h.random.IntN(len(s.ids))]
	said := &order.Happening{Kind: order.KindReviewed, Ref: h.text("ref"), Note: h.text("words"), Review: &order.Reviewed{
		ID: fmt.Sprint("review-", h.random.IntN(50)), About: order.AboutShop, Stars: h.random.IntN(6),
		Tags: []string{fmt.Sprint("tag-", h.random.IntN(9))}, Deleted: h.random.IntN(9) == 0, Verified: h.random.IntN(2) == 0,
	}}
	e := order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: sources[0], Happening: said}
	r, _ := review.Told(id, e.Source.Name, said)
	e.Effects = []order.Effect{h.store.Reviews().Record(s.id, r)}
	h.append(s, []order.Entry{e})
}

func (h *hub) append(s *shop, entries []order.Entry) {
	h.Helper()
	receipts, err := h.ledger.Append(context.Background(), s.id, entries)
	h.must(err)
	for _, r := range receipts {
		if _, ok := s.numbers[r.Subject.ID]; !ok {
			s.numbers[r.Subject.ID] = r.Seq
			s.ids = append(s.ids, r.Subject.ID)
		}
	}
}

// erase erases an order. What the engine then believes of its open deliveries
// it reads anew.
func (h *hub) erase(s *shop) {
	if len(s.ids) == 0 {
		return
	}
	id := s.ids[h.random.IntN(len(s.ids))]
	h.must(h.ledger.Erase(context.Background(), s.id, id))
	for _, r := range s.routes {
		now, err := h.store.Deliveries().OfOrders(context.Background(), s.id, r.row.Route, []int64{s.numbers[id]})
		h.must(err)
		for _, d := range now {
			i := slices.IndexFunc(r.rows, func(o *delivery.Delivery) bool { return o.Key() == d.Key() })
			*r.rows[i] = d
		}
	}
}

func (h *hub) route(s *shop) *route { return s.routes[h.random.IntN(len(s.routes))] }

// commit writes changes of a route, and believes them.
func (h *hub) commit(r *route, b *delivery.Bundle) {
	h.Helper()
	b.Route, b.Now = r.row, base
	b.Connection, b.Day, b.Used = "login", fmt.Sprintf("2026-05-%02d", 1+h.random.IntN(28)), h.random.IntN(2)
	h.must(h.store.Deliveries().Commit(context.Background(), b))
	r.row = b.Route
	for i := range b.Changes {
		c := &b.Changes[i]
		if c.Answer != delivery.Done {
			continue
		}
		if j := slices.IndexFunc(r.rows, func(o *delivery.Delivery) bool { return o.Key() == c.Row.Key() }); j >= 0 {
			*r.rows[j] = c.Row
		} else {
			row := c.Row
			r.rows = append(r.rows, &row)
		}
	}
}

// in is a row in a state that the table takes.
func (h *hub) in(d delivery.Delivery, s delivery.State) delivery.Delivery {
	d.State, d.Due, d.Settled = s, time.Time{}, time.Time{}
	at := base.Add(time.Duration(h.random.IntN(1e6)) * time.Millisecond)
	switch s {
	case delivery.Ready, delivery.Held:
		if h.random.IntN(2) == 0 {
			d.Due = at
		}
	case delivery.Sending, delivery.Retrying, delivery.Asking, delivery.AwaitingPartner:
		d.Due = at
		d.Attempt++
	default:
		d.Settled = at
	}
	return d
}

var planned = []delivery.State{delivery.Ready, delivery.Held, delivery.Sending, delivery.Sending, delivery.Sending}

func (h *hub) plan(s *shop) {
	if len(s.ids) == 0 {
		return
	}
	r := h.route(s)
	b := &delivery.Bundle{}
	for range 1 + h.random.IntN(5) {
		n := s.numbers[s.ids[h.random.IntN(len(s.ids))]]
		d := delivery.Delivery{Shop: s.id, Route: r.row.Route, Order: n, Seq: n, Planned: base, Base: base, Digest: []byte(h.text("digest"))}
		for _, o := range r.rows {
			if o.Order == n {
				d.Run = max(d.Run, o.Run+1)
			}
		}
		if slices.ContainsFunc(b.Changes, func(c delivery.Change) bool { return c.Row.Order == n }) {
			continue
		}
		d = h.in(d, planned[h.random.IntN(len(planned))])
		c := delivery.Change{Row: d}
		if r.row.Route != "ads" {
			c.Claims = []string{"shop"}
		}
		b.Changes = append(b.Changes, c)
	}
	r.row.Position++
	h.commit(r, b)
}

var settled = []delivery.State{
	delivery.Delivered, delivery.Delivered, delivery.Delivered, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking,
	delivery.Failed, delivery.Parked, delivery.Refused, delivery.Cancelled, delivery.Superseded, delivery.Dropped,
}

// settle ends a call of a few deliveries that are under way.
func (h *hub) settle(s *shop) {
	r := h.route(s)
	b := &delivery.Bundle{}
	for _, d := range r.rows {
		if d.State.InFlight() && len(b.Changes) < 4 && h.random.IntN(3) > 0 {
			b.Changes = append(b.Changes, delivery.Change{Row: *d, From: d.State})
		}
	}
	if len(b.Changes) == 0 {
		return
	}
	r.row.LastCall++
	call := delivery.Call{Shop: s.id, Route: r.row.Route, ID: r.row.LastCall, Tasks: len(b.Changes)}
	for range 1 + h.random.IntN(2) {
		call.Exchanges = append(call.Exchanges, outbound.Exchange{
			At: base, Duration: time.Millisecond, Method: "POST", URL: "https://partner.example/" + h.text("url"),
			RequestHead: h.text("head"), RequestBody: []byte(h.text("body")), RequestSize: 4, Status: 200,
			ResponseHead: "X: \xff\x00 no UTF-8", ResponseBody: []byte(h.text("answer")), ResponseSize: 6, Error: h.text("error"),
		})
	}
	b.Calls = []delivery.Call{call}
	for i := range b.Changes {
		c := &b.Changes[i]
		c.Earlier, c.EarlierPlace = c.Row.Call, c.Row.Place
		c.Row = h.in(c.Row, settled[h.random.IntN(len(settled))])
		c.Row.Call, c.Row.Place, c.Row.Code, c.Row.Reason = call.ID, i, "http_200", h.text("words")
		if c.Row.State == delivery.Refused {
			c.Release, c.Plant = true, []string{"hook", "mail"}
		}
	}
	h.commit(r, b)
	for _, other := range s.routes { // what was planted
		h.reread(s, other, b)
	}
}

func (h *hub) reread(s *shop, r *route, b *delivery.Bundle) {
	for i := range b.Changes {
		now, err := h.store.Deliveries().OfOrders(context.Background(), s.id, r.row.Route, []int64{b.Changes[i].Row.Order})
		h.must(err)
		for _, d := range now {
			if !slices.ContainsFunc(r.rows, func(o *delivery.Delivery) bool { return o.Key() == d.Key() }) {
				r.rows = append(r.rows, &d)
			}
		}
	}
}

// claim sends what waits.
func (h *hub) claim(s *shop) {
	r := h.route(s)
	b := &delivery.Bundle{}
	for _, d := range r.rows {
		if d.State.Waiting() && len(b.Changes) < 4 {
			b.Changes = append(b.Changes, delivery.Change{Row: h.in(*d, delivery.Sending), From: d.State, Claims: []string{"products"}})
		}
	}
	h.commit(r, b)
}

// replace does what retries do: a closed delivery becomes superseded, and may
// become again what it was.
func (h *hub) replace(s *shop) {
	r := h.route(s)
	for _, d := range r.rows {
		var to delivery.State
		switch d.State {
		case delivery.Refused, delivery.Failed, delivery.Parked, delivery.Dropped, delivery.Cancelled:
			to = delivery.Superseded
		case delivery.Superseded:
			to = delivery.Refused
		default:
			continue
		}
		if h.random.IntN(3) == 0 {
			row := *d
			row.State = to
			h.commit(r, &delivery.Bundle{Save: h.random.IntN(2) == 0, Changes: []delivery.Change{{Row: row, From: d.State}}})
			r.row.Backfilled = []delivery.Range{{From: 1, To: 5}, {From: 8, To: int64(8 + h.random.IntN(90))}}
			r.row.Reason = h.text("why")
			return
		}
	}
}

func (h *hub) note(s *shop) {
	r := h.route(s)
	for _, d := range r.rows {
		if d.State == delivery.Sending {
			h.must(h.store.Deliveries().SaveNote(context.Background(), s.id, r.row.Route, r.row.Epoch, d.Key(), []byte(h.text("note"))))
			return
		}
	}
}

func (h *hub) keepState(s *shop) {
	ctx, state := context.Background(), h.store.State(s.id, "door")
	key := fmt.Sprint("k-", h.random.IntN(30))
	if h.random.IntN(3) == 0 {
		h.must(state.Delete(ctx, key))
		return
	}
	h.must(state.Put(ctx, key, []byte{0, byte(h.random.IntN(256)), 0}, time.Duration(h.random.IntN(2))*time.Hour))
}

func (h *hub) fetch(s *shop) {
	h.must(h.store.RecordFetch(context.Background(), s.id, "ads", store.Fetch{
		Name: "orders.tsv", At: base.Add(time.Duration(h.random.IntN(1e9))), Bytes: 12, Whole: h.random.IntN(2) == 0,
	}))
}

func (h *hub) token(s *shop) {
	ctx, name := context.Background(), fmt.Sprint("erp-", h.random.IntN(3))
	h.tokens++
	t := store.Token{Digest: [32]byte{byte(h.random.IntN(256)), h.tokens, byte(h.steps.Load())}, Shop: s.id, Name: name, Scope: "submit", Issued: base}
	switch h.random.IntN(3) {
	case 0:
		if err := h.store.CreateToken(ctx, t); !errors.Is(err, store.ErrTokenExists) {
			h.must(err)
		}
	case 1:
		_, err := h.store.RotateToken(ctx, t, base.Add(time.Hour))
		h.must(err)
	default:
		_, err := h.store.RevokeToken(ctx, s.id, name)
		h.must(err)
	}
}

// products changes the catalogue: products come, change and go, outlets sell
// them for prices of their own, they are reserved, and taken by orders, of which one in three is cancelled.
func (h *hub) products(s *shop, random *rand.Rand) {
	code := func() string { return fmt.Sprint("P-", random.IntN(40)) }
	c := h.store.Catalog()
	p := catalog.Product{
		Product: order.Product{Code: code(), Name: fmt.Sprintf("product-%d ø\"\\{}", random.IntN(9)), MPN: fmt.Sprint("M-", random.IntN(9))}, Active: true,
		Stock: []catalog.Stock{{Warehouse: "main", Quantity: order.FromInt(int64(10+random.IntN(50)), 1)}},
	}
	_, err := c.Put(context.Background(), s.id, []catalog.Product{p})
	h.must(err)
	yes, most := random.IntN(2) == 0, int64(random.IntN(3))
	_, err = c.PutOffers(context.Background(), s.id, []catalog.OfferEdit{
		{Store: fmt.Sprint("outlet-", random.IntN(4)), Code: p.Code, Price: order.FromInt(int64(random.IntN(3)), 1), Active: &yes},
		{Store: "lund ø", Code: code(), Currency: "SEK", Most: &most, Anew: random.IntN(2) == 0},
	})
	h.must(err)
	if random.IntN(4) == 0 {
		_, err = c.Delete(context.Background(), s.id, []string{code()})
		h.must(err)
	}
	lines := []catalog.Line{{Type: catalog.Internal, Code: p.Code, Quantity: order.FromInt(5, 1)}}
	var short *catalog.Short
	if err := c.Reserve(context.Background(), s.id, fmt.Sprint("basket-", random.IntN(9)), lines); !errors.As(err, &short) {
		h.must(err)
	}
	sold := order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: fmt.Sprint("sold-", h.steps.Load())}, Source: sources[0],
		Statement: &order.Statement{Order: order.Order{Currency: "SEK", Lines: []order.Line{{Product: p.Product, Quantity: order.FromInt(5, 1)}}}},
		Effects:   []order.Effect{c.Take(s.id, "", []catalog.Line{{Type: catalog.Internal, Code: p.Code, Quantity: order.FromInt(1, 1)}})},
	}
	sold.Statement.Order.ID = sold.Subject.ID
	_, err = h.ledger.Append(context.Background(), s.id, catalog.Settling(time.Now, s.id, []order.Entry{sold}))
	if errors.As(err, &short) {
		return // all of it is reserved
	}
	h.must(err)
	if random.IntN(3) == 0 {
		gone := order.Entry{Subject: sold.Subject, Source: sold.Source, Happening: &order.Happening{Kind: order.KindCancelled, Ref: "c"}}
		_, err := h.ledger.Append(context.Background(), s.id, catalog.Settling(time.Now, s.id, []order.Entry{gone}))
		h.must(err)
	}
}
