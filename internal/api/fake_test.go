package api_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/secret"
)

var now = time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC)

// fakeLedger keeps events in memory; the real one has its own tests.
type fakeLedger struct {
	mu     sync.Mutex
	events map[string][]order.Event
	err    error // of the next Append
}

func (l *fakeLedger) Append(_ context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	var out []order.Receipt
	for _, e := range entries {
		seq := int64(len(l.events[shop]) + 1)
		ev := order.Event{
			Shop: shop, Seq: seq, Order: seq, At: now.Add(time.Duration(seq) * time.Minute), Subject: e.Subject,
			Source: e.Source, History: e.History, Hash: sha256.Sum256([]byte(strconv.FormatInt(seq, 10))),
		}
		for _, old := range l.events[shop] {
			if old.Subject == e.Subject {
				ev.Order = min(ev.Order, old.Order)
			}
		}
		if e.Statement != nil {
			ev.Kind, ev.Statement = order.KindPlaced, &e.Statement.Order
			if ev.Order != ev.Seq {
				ev.Kind = order.KindUpdated
			}
		} else {
			ev.Kind, ev.Happening = e.Happening.Kind, e.Happening
		}
		l.events[shop] = append(l.events[shop], ev)
		out = append(out, order.Receipt{Subject: e.Subject, Seq: seq, Hash: hexOf(ev.Hash), Kind: ev.Kind, At: ev.At})
	}
	return out, nil
}

func hexOf(h [32]byte) string {
	const digits = "0123456789abcdef"
	var b []byte
	for _, c := range h {
		b = append(b, digits[c>>4], digits[c&15])
	}
	return string(b)
}

func (l *fakeLedger) Head(_ context.Context, shop string) (int64, error) {
	return int64(len(l.events[shop])), nil
}

func (l *fakeLedger) SeqAt(_ context.Context, shop string, t time.Time) (int64, error) {
	n := int64(0)
	for _, e := range l.events[shop] {
		if !e.At.After(t) {
			n = e.Seq
		}
	}
	return n, nil
}

func (l *fakeLedger) Read(_ context.Context, shop string, after int64, limit int) ([]ledger.Item, error) {
	var out []ledger.Item
	for _, e := range l.events[shop] {
		if e.Seq > after && len(out) < min(limit, 2) { // in small pieces
			out = append(out, ledger.Item{Event: e, Row: ledger.Row{Subject: e.Subject, First: e.Order}})
		}
	}
	return out, nil
}

func (l *fakeLedger) of(shop string, match func(order.Event) bool) []order.Event {
	var out []order.Event
	for _, e := range l.events[shop] {
		if match(e) {
			out = append(out, e)
		}
	}
	return out
}

func stateOf(events []order.Event) *ledger.State {
	if len(events) == 0 {
		return nil
	}
	s := &ledger.State{Row: ledger.Row{Subject: events[0].Subject, First: events[0].Order, Newest: events[len(events)-1].Seq}}
	s.Layers = order.Layers(events)
	for _, l := range s.Layers {
		s.Row.Layers = append(s.Row.Layers, ledger.LayerRow{Source: l.Source, First: l.First, Seq: l.Seq})
		s.Row.Stated = s.Row.Stated || l.Statement != nil
	}
	s.Merged = order.Merge(s.Layers)
	return s
}

func (l *fakeLedger) States(_ context.Context, shop string, numbers []int64) ([]*ledger.State, error) {
	out := make([]*ledger.State, len(numbers))
	for i, n := range numbers {
		out[i] = stateOf(l.of(shop, func(e order.Event) bool { return e.Order == n }))
	}
	return out, nil
}

func (l *fakeLedger) StatesByID(_ context.Context, shop string, ids []string) ([]*ledger.State, error) {
	out := make([]*ledger.State, len(ids))
	for i, id := range ids {
		out[i] = stateOf(l.of(shop, func(e order.Event) bool { return e.Subject.ID == id && e.Subject.Kind == order.SubjectOrder }))
	}
	return out, nil
}

func (l *fakeLedger) Events(_ context.Context, shop, id string) ([]order.Event, error) {
	return l.of(shop, func(e order.Event) bool { return e.Subject.ID == id && e.Subject.Kind == order.SubjectOrder }), nil
}

func (l *fakeLedger) At(_ context.Context, shop string, seqs []int64) ([]order.Event, error) {
	var out []order.Event
	for _, seq := range seqs {
		out = append(out, l.of(shop, func(e order.Event) bool { return e.Seq == seq })...)
	}
	return out, nil
}

func (l *fakeLedger) Verify(_ context.Context, shop string) (ledger.Report, error) {
	n := int64(len(l.events[shop]))
	return ledger.Report{Shop: shop, Events: n, Head: n}, nil
}

// acts returns the recorded acts of a shop, as "source: reason".
func (l *fakeLedger) acts(shop string) []string {
	var out []string
	for _, e := range l.of(shop, func(e order.Event) bool { return e.Subject.Kind == api.SubjectAct }) {
		out = append(out, e.Source.Name+": "+e.Happening.Reason)
	}
	return out
}

// fakeEngine has one route, "ads", and remembers what it was told.
type fakeEngine struct {
	mu    sync.Mutex
	calls []string
	last  delivery.Filter
}

func (f *fakeEngine) note(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, s)
}

func (f *fakeEngine) route(name string) error {
	if name != "ads" {
		return order.ErrNotFound
	}
	return nil
}

func (f *fakeEngine) Status(context.Context, string) ([]delivery.RouteStatus, error) {
	return []delivery.RouteStatus{{
		Shop: "nordlys", Route: "ads", Partner: "citrusad", State: "lagging", Reason: "slow", Position: 3, Head: 5, Start: 1,
		Lag: 90 * time.Second, Oldest: now, Counts: map[delivery.State]int64{delivery.Delivered: 2, delivery.Failed: 1},
	}, {Shop: "nordlys", Route: "hook", Partner: "webhook", State: "flowing"}}, nil
}

func (f *fakeEngine) Pause(_ context.Context, shop, route, reason string) error {
	f.note("pause " + shop + "/" + route + " " + reason)
	return f.route(route)
}

func (f *fakeEngine) Resume(_ context.Context, shop, route string) error {
	f.note("resume " + shop + "/" + route)
	return f.route(route)
}

func (f *fakeEngine) acted(what string, filter delivery.Filter, dry bool) (delivery.Acted, error) {
	f.note(what + " dry=" + strconv.FormatBool(dry))
	f.last = filter
	out := delivery.Acted{Count: 2}
	if dry {
		out.Verdicts = []delivery.Verdict{{OrderID: "1001", Seq: 1, Action: "send", Body: []byte(`{"a":1}`)}}
	}
	return out, nil
}

func (f *fakeEngine) Backfill(_ context.Context, _, route string, filter delivery.Filter, dry bool) (delivery.Acted, error) {
	if err := f.route(route); err != nil {
		return delivery.Acted{}, err
	}
	return f.acted("backfill "+route, filter, dry)
}

func (f *fakeEngine) Replay(_ context.Context, _, route string, filter delivery.Filter, dry bool) (delivery.Acted, error) {
	if err := f.route(route); err != nil {
		return delivery.Acted{}, err
	}
	return f.acted("replay "+route, filter, dry)
}

func (f *fakeEngine) Retry(_ context.Context, _ string, filter delivery.Filter, dry bool) (delivery.Acted, error) {
	return f.acted("retry", filter, dry)
}

func (f *fakeEngine) Drop(ctx context.Context, _ string, filter delivery.Filter, dry bool) (delivery.Acted, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Acted{}, err
	}
	return f.acted("drop", filter, dry)
}

func (f *fakeEngine) Hold(_ context.Context, _ string, filter delivery.Filter, reason string, dry bool) (delivery.Acted, error) {
	return f.acted("hold ("+reason+")", filter, dry)
}

func (f *fakeEngine) Release(_ context.Context, _ string, filter delivery.Filter, dry bool) (delivery.Acted, error) {
	return f.acted("release", filter, dry)
}

func (f *fakeEngine) Send(_ context.Context, _, route, id string, dry bool) (delivery.Verdict, error) {
	f.note("send " + route + " " + id)
	return delivery.Verdict{OrderID: id, Seq: 1, Action: "send"}, f.route(route)
}

func (f *fakeEngine) Judge(_ context.Context, _, route, id string) (delivery.Verdict, error) {
	return delivery.Verdict{OrderID: id, Seq: 1, Action: "hold", Reason: "needs lines", Body: []byte{0xff, 'a'}}, f.route(route)
}

var delivered = delivery.Delivery{
	Shop: "nordlys", Route: "ads", Order: 1, Seq: 1, State: delivery.Refused, Attempt: 2, Planned: now, Due: now,
	Settled: now, Ref: "ref-1", Code: "http_400", Reason: "bad gtin", Call: 7, OrderID: "1001",
}

func (f *fakeEngine) Deliveries(_ context.Context, _ string, filter delivery.Filter) ([]delivery.Delivery, string, error) {
	f.last = filter
	if filter.Cursor == "two" {
		return nil, "", nil
	}
	return []delivery.Delivery{delivered}, "two", nil
}

func (f *fakeEngine) Stuck(context.Context, string) ([]delivery.StuckGroup, error) {
	return []delivery.StuckGroup{
		{
			Route: "ads", Partner: "citrusad", Cause: cause.Refused, Codes: []string{"http_400", "refused"}, Count: 3, Oldest: now, Newest: now,
			States: map[delivery.State]int64{delivery.Refused: 2, delivery.Retrying: 1}, Orders: []string{"1001"},
			Words: []delivery.StuckWords{{Words: "bad gtin", Count: 2}},
		},
		{Route: "hook", Cause: cause.WrongKey, Codes: []string{"http_401"}, Count: 1, Blocked: true, Waiting: 7, States: map[delivery.State]int64{delivery.Ready: 1}},
	}, nil
}

func (f *fakeEngine) StuckCodes(_ context.Context, _, _ string, c cause.Cause) ([]string, error) {
	if c != cause.Refused {
		return nil, nil
	}
	return []string{"http_400", "refused"}, nil
}

func (f *fakeEngine) OfOrder(_ context.Context, _, id string) ([]delivery.Delivery, []delivery.Verdict, error) {
	if id != "1001" {
		return nil, nil, nil
	}
	return []delivery.Delivery{delivered}, []delivery.Verdict{{Route: "hook", OrderID: id, Seq: 1, Action: "skip", Code: "when", Reason: "when"}}, nil
}

func (f *fakeEngine) Calls(context.Context, delivery.Delivery) ([]delivery.Call, error) {
	return []delivery.Call{{Shop: "nordlys", Route: "ads", ID: 7, Tasks: 1, Exchanges: []outbound.Exchange{{
		At: now, Duration: 20 * time.Millisecond, Method: "POST", URL: "https://ads.example/v1/orders", RequestHead: "Accept: */*",
		RequestBody: []byte(`{}`), RequestSize: 2, Status: 400, ResponseHead: "Content-Type: text/plain", ResponseBody: []byte("no"),
		ResponseSize: 2, Error: "cut",
	}}}}, nil
}

func (f *fakeEngine) Reconcile(_ context.Context, _, route string, filter delivery.Filter) ([]delivery.Verdict, string, error) {
	f.last = filter
	return []delivery.Verdict{{OrderID: "1002", Seq: 2, Action: "wait", Reason: "retrying"}}, "", f.route(route)
}

// fakeTokens holds tokens in the clear, named "<shop>-<scope>".
type fakeTokens struct {
	mu     sync.Mutex
	tokens map[string]api.Grant
}

func (f *fakeTokens) Check(_ context.Context, presented string) (api.Grant, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g, ok := f.tokens[presented]; ok {
		return g, nil
	}
	return api.Grant{}, api.ErrTokenUnknown
}

func (f *fakeTokens) find(shop, name string) string {
	for t, g := range f.tokens {
		if g.Shop == shop && g.Name == name {
			return t
		}
	}
	return ""
}

func (f *fakeTokens) Create(_ context.Context, shop, name string, scope api.Scope) (secret.Text, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.find(shop, name) != "" {
		return secret.Text{}, order.ErrConflict
	}
	t := "new-" + shop + "-" + name
	f.tokens[t] = api.Grant{Shop: shop, Scope: scope, Name: name}
	return secret.New(t), nil
}

func (f *fakeTokens) List(_ context.Context, shop string) ([]api.TokenInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []api.TokenInfo
	for _, g := range f.tokens {
		if g.Shop == shop {
			out = append(out, api.TokenInfo{Shop: shop, Name: g.Name, Scope: g.Scope, Created: now})
		}
	}
	slices.SortFunc(out, func(a, b api.TokenInfo) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func (f *fakeTokens) Rotate(_ context.Context, shop, name string, _ time.Duration) (secret.Text, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.find(shop, name)
	if t == "" {
		return secret.Text{}, order.ErrNotFound
	}
	f.tokens["rotated-"+t] = f.tokens[t]
	return secret.New("rotated-" + t), nil
}

func (f *fakeTokens) Revoke(_ context.Context, shop, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.find(shop, name)
	if t == "" {
		return order.ErrNotFound
	}
	delete(f.tokens, t)
	return nil
}

// fakeFaults knows one door.
type fakeFaults struct{ body []byte }

func (f *fakeFaults) Faults(partner string) ([]byte, error) {
	if partner != "citrusad" {
		return nil, order.ErrNotFound
	}
	return f.body, nil
}

func (f *fakeFaults) SetFaults(partner string, body []byte) error {
	if partner != "citrusad" {
		return order.ErrNotFound
	}
	if string(body) == `{"share_429":2}` {
		return order.Refuse("share_429", order.Malformed, "a share is a number from 0 to 1")
	}
	f.body = body
	return nil
}
