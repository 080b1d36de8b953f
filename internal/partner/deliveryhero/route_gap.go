package deliveryhero

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// mostWindow is the longest time that the list is asked about at once: the
	// platform takes 60 days, and knows no older orders.
	mostWindow = 59 * 24 * time.Hour
	// overlap is how far a question reaches back before the last one, and
	// deepOverlap how far one does every deepEvery: an order changes after it was
	// placed, and nobody says by which of its times the list goes (our choice).
	overlap     = 3 * time.Hour
	deepOverlap = 72 * time.Hour
	deepEvery   = time.Hour
	// firstWindow is how far back the first question reaches.
	firstWindow   = 24 * time.Hour
	listSize      = 100 // orders of a page; used against the live API (seen 2026)
	mostListPages = 1000
)

// gapClock says when orders are asked for next.
type gapClock struct {
	mu         sync.Mutex
	next, deep time.Time
}

// due reports whether it is time, and whether to reach far back; and sets when it
// is next.
func (c *gapClock) due(now time.Time, every time.Duration) (due, deep bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.next) && c.next.Sub(now) <= every {
		return false, false
	}
	c.next = now.Add(every)
	if now.Before(c.deep) && c.deep.Sub(now) <= deepEvery {
		return true, false
	}
	c.deep = now.Add(deepEvery)
	return true, true
}

// pollOrders asks for orders, outlet by outlet, and takes what no webhook told
// of. How far it came stands in State; an outlet that fails goes on there the
// next time, and does not stop the others.
func (r *route) pollOrders(ctx context.Context) error {
	due, deep := r.gap.due(r.now(), r.opts.pollEvery)
	if !due || !r.opts.hasLogin() {
		return nil
	}
	names, err := r.outletNames(ctx)
	if err != nil {
		return fmt.Errorf("find outlets: %w", err)
	}
	var faults []error
	for _, vendor := range names {
		if err := r.pollOutlet(ctx, vendor, deep); err != nil {
			faults = append(faults, fmt.Errorf("orders of outlet %s: %w", vendor, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(faults...)
}

// polled is how far the orders of an outlet were asked for.
type polled struct {
	From  time.Time `json:"from"` // the oldest time ever
	Until time.Time `json:"until"`
}

// window is what to ask about next. It never reaches back before what was asked
// first: orders of before are none of the route's.
func (p polled) window(now time.Time, deep bool) time.Time {
	if p.Until.IsZero() {
		return now.Add(-firstWindow)
	}
	from := p.Until.Add(-overlap)
	if far := now.Add(-deepOverlap); deep && far.Before(from) {
		from = far
	}
	if from.Before(p.From) {
		from = p.From
	}
	if oldest := now.Add(-mostWindow); from.Before(oldest) {
		from = oldest
	}
	return from
}

// pollOutlet asks for the orders of an outlet since it was asked last.
func (r *route) pollOutlet(ctx context.Context, vendor string, deep bool) error {
	now := r.now().UTC().Truncate(time.Second)
	p, err := r.polled(ctx, vendor)
	if err != nil {
		return err
	}
	from := p.window(now, deep)
	if err := r.listOrders(ctx, vendor, from, now); err != nil {
		return err
	}
	if p.From.IsZero() {
		p.From = from
	}
	p.Until = now
	b, err := json.Marshal(p)
	if err == nil {
		err = r.deps.State.Put(ctx, r.polledKey(vendor), b, 0)
	}
	if err != nil {
		return fmt.Errorf("keep position: %w", err)
	}
	return nil
}

// listOrders reads the pages of the list and takes their orders. It stops at a
// page that brings nothing that an earlier one had not: there is a system that
// answers every page with the first (seen 2026 by an integrator).
func (r *route) listOrders(ctx context.Context, vendor string, from, to time.Time) error {
	seen := map[string]bool{}
	for page := 1; page <= mostListPages; page++ {
		query := url.Values{
			"start_time": {listTime(from)}, "end_time": {listTime(to)},
			"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(listSize)},
		}
		reply, o, err := r.call(ctx, http.MethodGet, r.listPath(vendor)+"?"+query.Encode(), nil)
		if o := failedQuestion(reply, o, err); o != nil {
			return errors.New(o.Code) // an answer about orders may name a person
		}
		list, pages, err := readList(reply.Body)
		if err != nil {
			return err
		}
		fresh := slices.DeleteFunc(list, func(body json.Value) bool {
			sum := sha256.Sum256(body)
			key := hex.EncodeToString(sum[:16])
			known := seen[key]
			seen[key] = true
			return known
		})
		if err := r.takeMissed(ctx, fresh); err != nil {
			return err
		}
		if len(fresh) == 0 || pages > 0 && page >= pages {
			return nil
		}
	}
	return fmt.Errorf("more than %d pages", mostListPages)
}

// readList reads a page, its orders as they stand there. Pages is 0 where the
// answer does not say how many there are.
func readList(body []byte) (list []json.Value, pages int, err error) {
	var page struct {
		Orders json.Value `json:"orders"`
		Pages  json.Value `json:"total_pages"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, 0, fmt.Errorf("read the list: %w", err)
	}
	switch page.Orders.Kind() {
	case '[':
	case 'n':
		return nil, 0, nil
	default:
		return nil, 0, errors.New("read the list: the answer has no orders")
	}
	err = json.Elements(page.Orders, func(_ int, v json.Value) error {
		list = append(list, v)
		return nil
	})
	pages, _ = strconv.Atoi(strings.Trim(string(page.Pages), `"`))
	return list, pages, err
}

// takeMissed takes orders of a list. What a webhook told of is known; a state
// that is known already is no news for a later revision either. An order that
// can not be read does not keep the others away.
func (r *route) takeMissed(ctx context.Context, bodies []json.Value) error {
	var orders []*wireOrder
	var ids []string
	for i, body := range bodies {
		w, err := readStrange(body)
		if err == nil {
			err = r.check(w)
		}
		if err != nil {
			r.deps.Log.Warn("an order of the list was left out", "place", i, "error", wherePath(err))
			continue
		}
		if !slices.Contains(ids, string(w.ID)) {
			orders, ids = append(orders, w), append(ids, string(w.ID))
		}
	}
	if len(orders) == 0 {
		return nil
	}
	known, err := r.deps.Orders.Layers(ctx, r.deps.Shop, r.deps.Source.Name, ids)
	if err != nil {
		return fmt.Errorf("read known orders: %w", err)
	}
	var all []order.Entry
	for i, w := range orders {
		var without order.Kind
		if kind := w.kindOf(); known[i] != nil && isBehind(kind.Status(), known[i].Status) {
			without = kind
		}
		entries, err := r.entries(w, without)
		if err != nil {
			r.deps.Log.Warn("an order of the list was left out", "order", ids[i], "error", wherePath(err))
			continue
		}
		all = append(all, entries...)
	}
	if len(all) == 0 {
		return nil
	}
	_, err = r.deps.Intake.Append(ctx, r.deps.Shop, all)
	return err
}

// isBehind reports whether a state is no news of an order that stands there.
func isBehind(s, stands order.Status) bool {
	way := []order.Status{
		order.StatusReceived, order.StatusAccepted, order.StatusReady, order.StatusShipped, order.StatusDelivered,
		order.StatusCancelled, order.StatusRefunded,
	}
	return slices.Index(way, s) <= slices.Index(way, stands)
}

func (r *route) polledKey(vendor string) string { return "polled/" + r.deps.Route + "/" + vendor }

// polled is how far an outlet's orders were asked for; zero: never.
func (r *route) polled(ctx context.Context, vendor string) (p polled, err error) {
	b, ok, err := r.deps.State.Get(ctx, r.polledKey(vendor))
	if err != nil || !ok {
		return p, err
	}
	if json.Unmarshal(b, &p) != nil {
		return polled{}, nil // as if never
	}
	return p, nil
}

// mostOutlets bounds the outlets that webhooks told of.
const mostOutlets = 10_000

func (r *route) outletPrefix() string { return "outlet/" + r.deps.Route + "/" }

// outletNames are those of the settings, and without any those that a webhook
// told of.
func (r *route) outletNames(ctx context.Context) ([]string, error) {
	var names []string
	for _, v := range r.vendors {
		names = append(names, v.Vendor)
	}
	if names != nil {
		return names, nil
	}
	keys, _, err := r.deps.State.List(ctx, r.outletPrefix(), "", mostOutlets)
	for _, k := range keys {
		names = append(names, strings.TrimPrefix(k, r.outletPrefix()))
	}
	return names, err
}

// knowOutlet remembers an outlet, so that its orders can be asked for.
func (r *route) knowOutlet(ctx context.Context, w *wireOrder) error {
	vendor := string(w.Client.StoreID)
	if len(r.vendors) > 0 || vendor == "" || len(vendor) > order.MaxID {
		return nil
	}
	key := r.outletPrefix() + vendor
	if _, ok, err := r.deps.State.Get(ctx, key); err != nil || ok {
		return err
	}
	return r.deps.State.Put(ctx, key, []byte("1"), 0)
}

func (r *route) orderPath(id string) string {
	return "/chains/" + url.PathEscape(r.chain) + "/orders/" + url.PathEscape(id)
}

func (r *route) listPath(vendor string) string {
	return "/chains/" + url.PathEscape(r.chain) + "/vendors/" + url.PathEscape(vendor) + "/orders"
}

func failure(o *partner.Outcome) error { return fmt.Errorf("%s: %s", o.Code, o.Reason) }
