package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// News is one line of what a shop's tail tells: one of the three.
type News struct {
	Event    *NewEvent `json:"event,omitzero"`
	Delivery *Delivery `json:"delivery,omitzero"` // that was settled, or is tried again, asked about or held
	// Gap says that more happened here than is told.
	Gap bool `json:"gap,omitzero"`
}

// NewEvent is an event that was accepted, without what it states.
type NewEvent struct {
	Seq    int64      `json:"seq"`
	At     time.Time  `json:"at"` // accepted
	Kind   order.Kind `json:"kind"`
	Order  string     `json:"order"` // or of which subject it is
	Source string     `json:"source"`
	Act    string     `json:"act,omitzero"` // what a person did by hand, where it is that
}

const (
	tailEvery = 500 * time.Millisecond
	tailCheck = 10 * time.Second // whether the caller may still look
	tailFor   = 50 * time.Minute // less than answers of the API may take; then the client asks anew
	tailPatch = 500              // events at a time
	tailLate  = 20 * tailPatch   // events that are passed over, if who reads is too slow for them
)

// tail follows a shop: an answer that goes on while it is read.
type tail struct {
	a     *API
	r     *request
	route string
	since int64  // the newest event that was told
	mark  string // of deliveries; "": none is told yet
}

// tail begins where the shop is now, or after an event.
func (a *API) tail(r *request) (any, error) {
	q := newQuery(r, "route", "after")
	t := &tail{a: a, r: r, route: q.text("route"), since: q.number("after")}
	if err := q.err(); err != nil {
		return nil, err
	}
	if t.route != "" && !a.hasRoute(r, t.route) {
		return nil, order.ErrNotFound
	}
	// What happens from here on is told: the marks come before the answer begins.
	if _, err := t.deliveries(r.Context()); err != nil {
		return nil, err
	}
	head, err := a.Ledger.Head(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	if q.text("after") == "" || t.since > head {
		t.since = head
	}
	return t, nil
}

func (a *API) hasRoute(r *request, route string) bool {
	list, err := a.Engine.Status(r.Context(), r.shop)
	for _, s := range list {
		if s.Route == route {
			return true
		}
	}
	return err != nil // not known: let it look
}

// run answers until the client goes, the hub stops, or the caller may not look
// any more.
func (t *tail) run(w http.ResponseWriter) {
	ctx, cancel := context.WithTimeout(t.r.Context(), tailFor)
	defer cancel()
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", mediaTypes["ndjson"])
	w.Header().Set("X-Accel-Buffering", "no") // a proxy before us would hold the lines back
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	checked := time.Now()
	text := []byte("\n") // an empty line tells that we are there
	for t.r.Method != http.MethodHead {
		if _, err := (patient{w, out}).Write(text); err != nil || out.Flush() != nil || t.a.stops() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(checked) > tailCheck {
			if _, err := t.a.authenticate(t.r.Request); err != nil {
				return
			}
			checked = time.Now()
		}
		var err error
		if text, err = t.news(ctx); err != nil {
			t.a.Log.ErrorContext(ctx, "a tail broke off", slog.String("shop", t.r.shop), slog.Any("error", err))
			return
		}
	}
}

func (a *API) stops() bool { return a.Stopping != nil && a.Stopping() }

// news are the lines of what is new, or an empty one. Events come before what
// became of them.
func (t *tail) news(ctx context.Context) ([]byte, error) {
	events, err := t.events(ctx)
	if err != nil {
		return nil, quietly(ctx, err)
	}
	list, err := t.deliveries(ctx)
	if err != nil {
		return nil, quietly(ctx, err)
	}
	var b bytes.Buffer
	for _, n := range append(events, list...) {
		if err := json.MarshalWrite(&b, n); err != nil {
			return nil, fmt.Errorf("encode news: %w", err)
		}
		b.WriteByte('\n')
	}
	if b.Len() == 0 {
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// quietly takes it for no trouble when the answer is over.
func quietly(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// events are the new ones; none where a route is looked at.
func (t *tail) events(ctx context.Context) (out []News, err error) {
	if t.route != "" {
		return nil, nil
	}
	head, err := t.a.Ledger.Head(ctx, t.r.shop)
	if err != nil {
		return nil, err
	}
	if head-t.since > tailLate {
		out, t.since = append(out, News{Gap: true}), head-tailPatch
	}
	if head <= t.since {
		return out, nil
	}
	items, err := t.a.Ledger.Read(ctx, t.r.shop, t.since, tailPatch)
	for i := range items {
		t.since = items[i].Event.Seq
		out = append(out, News{Event: newEventOf(&items[i])})
	}
	return out, err
}

func newEventOf(i *ledger.Item) *NewEvent {
	e := &i.Event
	n := &NewEvent{Seq: e.Seq, At: e.At, Kind: e.Kind, Order: e.Subject.ID, Source: e.Source.Name}
	if e.Subject.Kind == SubjectAct {
		n.Act = actOf(e).Text
	}
	return n
}

// deliveries are the new ones. A node that can not be asked now is asked again:
// the mark stays.
func (t *tail) deliveries(ctx context.Context) ([]News, error) {
	if t.a.Operator.Told == nil {
		return nil, nil
	}
	told, err := t.a.Operator.Told(ctx, t.r.shop, t.mark)
	if p := asProblem(err); err != nil && p != nil && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t.mark = told.Mark
	var out []News
	if told.Gap {
		out = append(out, News{Gap: true})
	}
	for i := range told.Deliveries {
		if d := deliveryOf(told.Deliveries[i]); t.route == "" || t.route == d.Route {
			out = append(out, News{Delivery: &d})
		}
	}
	return out, nil
}

// TailOptions narrow what Tail follows; zero values do not.
type TailOptions struct {
	Route string // its deliveries alone, no events
	After int64  // events after this one; 0: those from now on
}

// longestNews bounds one line of a tail.
const longestNews = 1 << 20

// Tail calls each with what happens at a shop, until it returns an error, which
// is passed on, ctx ends, or the hub ends the answer: nil. It calls begun, if
// not nil, when the hub has begun to look.
func (c *Client) Tail(ctx context.Context, shop string, o TailOptions, begun func(), each func(News) error) error {
	p := path(shop, "tail") + parameters("route", o.Route, "after", int(o.After))
	res, err := c.do(ctx, http.MethodGet, p, http.Header{}, nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return decoded(res, &Done{})
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, longestNews)
	for lines.Scan() {
		if begun != nil {
			begun()
			begun = nil
		}
		if len(lines.Bytes()) == 0 {
			continue
		}
		var n News
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			return fmt.Errorf("the hub's answer: %w", err)
		}
		if err := each(n); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && ctx.Err() == nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	return nil
}
