package app

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// askPatience is how long routes are waited for.
	askPatience = 2 * time.Second
	// believedFor is how long a route's answer is not asked for again.
	believedFor = 30 * time.Second
	// mostBelieved bounds the answers that are kept; see answers.
	mostBelieved = 20_000
)

// stock implements partner.Stock: what the shop has itself is in its
// catalogue, for the rest its routes are asked. It belongs to one node: any
// node may ask.
type stock struct {
	app     *App
	answers *answers
	known   bool // nobody is asked: what is believed of routes is all that is told
}

var _ partner.Stock = (*stock)(nil)

func (a *App) newStock() *stock {
	return &stock{app: a, answers: newAnswers(mostBelieved)}
}

// Available implements partner.Stock.
func (s *stock) Available(ctx context.Context, shop string, lines []catalog.Line, key string, fresh bool) ([]catalog.Availability, error) {
	list, err := s.app.store.Catalog().Available(ctx, shop, lines, key)
	if err != nil {
		return nil, err
	}
	wanted := wantedOf(lines, list)
	if len(wanted) == 0 {
		return list, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	said := s.ask(ctx, shop, wanted, fresh)
	for _, w := range wanted {
		w.settle(said[w.product.Code], lines, list)
	}
	return list, nil
}

// want is a product whose stock is somebody else's, with the lines that ask
// for it.
type want struct {
	product  *catalog.Product
	quantity order.Decimal // of all lines
	lines    []int
}

func wantedOf(lines []catalog.Line, list []catalog.Availability) (wanted []*want) {
	of := map[string]*want{}
	for i := range list {
		if !list[i].Ask {
			continue
		}
		p := list[i].Product
		w := of[p.Code]
		if w == nil {
			w = &want{product: p}
			of[p.Code], wanted = w, append(wanted, w)
		}
		w.quantity, w.lines = w.quantity.Add(lines[i].Quantity), append(w.lines, i)
	}
	return wanted
}

// settle gives the lines of a product their answers, each what those before it
// leave.
func (w *want) settle(told said, lines []catalog.Line, list []catalog.Availability) {
	decided := told.tells(w.quantity)
	for _, i := range w.lines {
		f := &list[i]
		f.Ask = false
		if !decided {
			f.Reason = catalog.Undecided
			continue
		}
		f.Free, f.Reason = told.free, told.verdict(lines[i].Quantity, w.quantity)
		if told.free.IsSet() && f.Reason == "" {
			if told.free = told.free.Sub(lines[i].Quantity); told.free.Sign() < 0 { // they promised more than they count
				told.free = order.FromInt(0, 0)
			}
		}
	}
}

// said is what a route said of a product.
type said struct {
	asked  order.Decimal // how many it was asked for
	free   order.Decimal // how many it has; not set: it did not say
	reason catalog.Reason
	at     time.Time // of the question; zero: nobody said anything
}

// tells reports whether the answer, maybe to a question about another quantity,
// is one for this quantity too.
func (s said) tells(quantity order.Decimal) bool {
	switch {
	case s.at.IsZero() || s.reason == catalog.Undecided:
		return false
	case s.reason == "":
		return s.asked.Cmp(quantity) >= 0 || s.free.IsSet() && s.free.Cmp(quantity) >= 0
	case s.reason == catalog.TooFew:
		return s.free.IsSet() || s.asked.Cmp(quantity) <= 0
	}
	return true
}

// verdict is what an answer that tells of all that is wanted of a product means
// for a part of it.
func (s said) verdict(part, all order.Decimal) catalog.Reason {
	switch {
	case s.reason != "" && s.reason != catalog.TooFew:
		return s.reason
	case s.reason == "" && s.asked.Cmp(all) >= 0:
		return ""
	case s.free.IsSet() && s.free.Cmp(part) >= 0:
		return ""
	}
	return catalog.TooFew
}

// ask asks every route that carries one of the products, all at a time, and
// returns by product what holds: the first answer in the configuration's
// sequence that promises the quantity, else the first that tells anything.
func (s *stock) ask(ctx context.Context, shop string, wanted []*want, fresh bool) map[string]said {
	out := map[string]said{}
	if s.cameBack(ctx) {
		return out
	}
	asked := s.app.current.Load().asked[shop]
	replies := make([]map[string]said, len(asked))
	var wg sync.WaitGroup
	for i, r := range asked {
		carried := slices.DeleteFunc(slices.Clone(wanted), func(w *want) bool { return !r.carries(w) })
		if len(carried) > 0 {
			wg.Go(func() { replies[i] = s.askRoute(ctx, shop, r, carried, fresh) })
		}
	}
	wg.Wait()
	for _, w := range wanted {
		for _, reply := range replies {
			told, ok := reply[w.product.Code]
			if !ok || !told.tells(w.quantity) {
				continue
			}
			before, known := out[w.product.Code]
			if !known || before.verdict(w.quantity, w.quantity) != "" && told.verdict(w.quantity, w.quantity) == "" {
				out[w.product.Code] = told
			}
		}
	}
	return out
}

// cameBack reports whether the question went through this hub before: two hubs
// whose products are each other's must not ask in circles.
func (s *stock) cameBack(ctx context.Context) bool {
	c := callOf(ctx)
	if c == nil || c.hops == "" {
		return false
	}
	for hop := range strings.SplitSeq(c.hops, ",") {
		if strings.TrimSpace(hop) == s.app.hubID {
			return true
		}
	}
	return false
}

// carries reports whether the route's rule `lines` takes a line with the
// product, whatever the order.
func (r *route) carries(w *want) bool {
	line := order.Line{Product: w.product.Product, Quantity: w.quantity, UnitPrice: w.product.Price}
	ok, err := r.lines.Line(nil, &line)
	return ok && err == nil
}

// askRoute answers from memory what it can, and asks the route for the rest
// in one call.
func (s *stock) askRoute(ctx context.Context, shop string, r *route, wanted []*want, fresh bool) map[string]said {
	out := map[string]said{}
	var own []*want
	var waits []*flight
	f := newFlight()
	for _, w := range wanted {
		key := answerKey{shop, r.delivery.Name, r.revision, w.product.Code}
		if s.known {
			if told, ok := s.answers.believed(key, w.quantity, s.app.now()); ok {
				out[w.product.Code] = told
			}
			continue
		}
		known, other := s.answers.find(key, w.quantity, s.app.now(), fresh, f)
		switch {
		case other == f:
			own = append(own, w)
		case other != nil:
			waits = append(waits, other)
		default:
			out[w.product.Code] = known
		}
	}
	if len(own) > 0 {
		// Whoever waits for the answer must get it, though the first one who asked
		// may be gone.
		go s.call(context.WithoutCancel(ctx), shop, r, own, f)
		waits = append(waits, f)
	}
	for _, wait := range waits {
		select {
		case <-wait.done:
		case <-ctx.Done():
			return out
		}
		for _, w := range wanted {
			if told, ok := wait.said[w.product.Code]; ok && told.tells(w.quantity) {
				out[w.product.Code] = told
			}
		}
	}
	return out
}

// call asks a route, and tells those who wait for it.
func (s *stock) call(ctx context.Context, shop string, r *route, wanted []*want, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	lines := make([]catalog.Line, len(wanted))
	for i, w := range wanted {
		lines[i] = catalog.Line{Type: catalog.Internal, Code: w.product.Code, Quantity: w.quantity}
	}
	at := s.app.now()
	list, err := stockOf(ctx, r, lines)
	if err != nil {
		s.app.log.WarnContext(ctx, "a route could not be asked what it has", "shop", shop, "route", r.delivery.Name, "lines", len(lines), "error", err)
	}
	told := map[string]said{}
	for i := range list {
		if list[i].Reason != catalog.Undecided && !list[i].Ask {
			told[wanted[i].product.Code] = said{asked: wanted[i].quantity, free: list[i].Free, reason: list[i].Reason, at: at}
		}
	}
	s.answers.land(f, told)
}

// stockOf asks a side; what it does wrong is an error.
func stockOf(ctx context.Context, r *route, lines []catalog.Line) (list []catalog.Availability, err error) {
	defer func() {
		if p := recover(); p != nil {
			list, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	list, err = r.delivery.Side.Stock(ctx, lines)
	if err == nil && len(list) != len(lines) {
		return nil, fmt.Errorf("%d answers to %d lines", len(list), len(lines))
	}
	return list, err
}
