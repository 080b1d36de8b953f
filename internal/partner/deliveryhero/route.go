package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

const (
	// longest is a delivery with all that may go before it: a token, the order
	// read again, the call repeated with a new token.
	longest = 2 * time.Minute
	// pollRound is how often the route looks whether there is something to do;
	// each part of it has a rhythm of its own.
	pollRound = 5 * time.Second
)

// route plays a chain at Delivery Hero.
type route struct {
	deps    partner.Deps
	opts    routeOptions
	base    string // with /v2
	chain   string
	vendors []outlet
	tokens  *tokens
	pace    *pace
	gap     gapClock
	catalog *routeCatalog // nil: the catalogue is not sent
	files   *routeFiles   // nil: nothing goes by SFTP

	promotions *routePromotions
}

// outlet is one of the chain: how the shop names it, and how the platform does.
type outlet struct{ Store, Vendor string }

// routeOptions are the settings of the route as far as it is about the login
// and orders.
type routeOptions struct {
	token         secret.Text // made in the portal; unset: a client
	clientID      string
	clientSecret  secret.Text
	webhookSecret secret.Text // unset: there is no receiver
	webhookHeader string
	webhookPrefix string
	currency      string
	pollEvery     time.Duration
	brand         brand
	cancelReason  word
	perMinute     int
}

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	r, err := readRoute(deps, s)
	if err != nil {
		return partner.Side{}, err
	}
	side := r.orders()
	if err := r.addPromotions(&side, s); err != nil {
		return partner.Side{}, err
	}
	if err := r.addCatalog(&side, s); err != nil {
		return partner.Side{}, err
	}
	side.Poll, side.PollEvery, side.Connect = r.poll, pollRound, r.connect
	return side, nil
}

// poll looks for orders that no webhook told of, and sees to promotions and the
// catalogue. Each looks by itself whether it is time. Orders do not wait for the
// others, of which one may be busy with a large file for many minutes.
func (r *route) poll(ctx context.Context) error {
	return meanwhile(ctx, pollRound, r.pollOrders, func(ctx context.Context) error {
		return errors.Join(r.pollPromotions(ctx), r.pollCatalog(ctx))
	})
}

// meanwhile does what is short, then what may take long, and until that is over
// every so often what is short again. It returns the error of what was long and
// the last one of what was short.
func meanwhile(ctx context.Context, every time.Duration, short, long func(context.Context) error) error {
	last := guarded(ctx, short)
	over := make(chan error, 1)
	go func() { over <- guarded(ctx, long) }()
	round := time.NewTicker(every)
	defer round.Stop()
	for {
		select {
		case err := <-over:
			return errors.Join(last, err)
		case <-round.C:
			if err := guarded(ctx, short); err != nil {
				last = err
			}
		}
	}
}

// guarded makes a panic an error: nobody is to be left working alone.
func guarded(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return do(ctx)
}

// openOutlets lets the shop's own catalogue know the outlets of the route: what
// is sold everywhere is sold there, and a promotion for all of them holds there.
func (r *route) openOutlets(ctx context.Context) error {
	stores := make([]string, len(r.vendors))
	for i, o := range r.vendors {
		stores[i] = o.Store
	}
	if err := r.deps.Catalog.OpenStores(ctx, r.deps.Shop, stores); err != nil {
		return fmt.Errorf("open the outlets: %w", err)
	}
	return nil
}

func (r *route) now() time.Time { return r.deps.Now() }

// call makes a call with the token, and once more with a new one if that was
// not taken (401). path stands behind base and begins with a slash. At most so
// many calls a minute are made as the settings say: it waits for its turn. The
// outcome is set if no call could be made (no token, no turn in time); see
// failed for what to make of the rest.
func (r *route) call(ctx context.Context, method, path string, body []byte) (outbound.Reply, *partner.Outcome, error) {
	if !r.opts.hasLogin() {
		o := partner.Declined("no_login", "the route has no login at the API")
		return outbound.Reply{}, &o, nil
	}
	refused := ""
	for {
		token, o := r.tokens.get(ctx, refused)
		if o != nil {
			return outbound.Reply{}, o, nil
		}
		if o := r.pace.turn(ctx, isUrgent(path)); o != nil {
			return outbound.Reply{}, o, nil
		}
		h := http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer " + token}}
		if body != nil {
			h["Content-Type"] = []string{"application/json"}
		}
		reply, err := r.deps.HTTP.Do(ctx, outbound.Request{
			Method: method, URL: r.base + path, Header: h, Body: body, Mask: []string{token}, Brings: personal,
		})
		if err != nil || reply.Status != http.StatusUnauthorized || refused != "" || !r.tokens.renewable() {
			return reply, nil, err
		}
		refused = token
	}
}

// isUrgent tells calls about an order, which people wait for, from those about
// catalogue and promotions, and from the lists of many outlets.
func isUrgent(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return strings.Contains(path, "/orders/")
}

// personal are the parts of an answer with orders that are about a person, as
// they stand there: evidence shows nothing of them.
func personal(body []byte) (parts []string) {
	var within func(text []byte, depth int)
	within = func(text []byte, depth int) {
		_ = json.Members(text, func(name string, v json.Value) error {
			switch {
			case name == "customer" || name == "comment" || name == "instructions":
				if len(v) > len(`""`) && v.Kind() != 'n' {
					parts = append(parts, string(v))
				}
			case v.Kind() == '[' && depth > 0:
				_ = json.Elements(v, func(_ int, e json.Value) error {
					if e.Kind() == '{' {
						within(e, depth-1)
					}
					return nil
				})
			}
			return nil
		})
	}
	if len(body) > 0 && body[0] == '{' {
		within(body, 2)
	}
	return parts
}

// storeOf is how the shop names an outlet that the platform knows by these
// names, its own and the partner's ("": none).
func (r *route) storeOf(vendor, external string) string {
	for _, o := range r.vendors {
		if o.Vendor == vendor || external != "" && o.Vendor == external {
			return o.Store
		}
	}
	if external != "" {
		return external
	}
	return vendor
}
