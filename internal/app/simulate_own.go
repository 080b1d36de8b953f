package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rehearsal"
	"github.com/ordermux/ordermux/internal/shipping"
)

// ownAPI is the name of our own API among the documents.
const ownAPI = "ordermux"

// simulatedCalls are the calls of our own API that can be simulated, as patterns
// of http.ServeMux: those that look, those that end in entries or in the
// catalogue, and those that the engine can count without doing them.
func simulatedCalls() *http.ServeMux {
	const shop = "/api/v1/shops/{shop}/"
	mux := http.NewServeMux()
	for _, pattern := range []string{
		"GET /",
		"POST " + shop + "events", "POST " + shop + "orders/{id}/correct", "POST " + shop + "orders/{id}/ship",
		"PUT " + shop + "products", "DELETE " + shop + "products/{code}", "POST " + shop + "products/{act}", "POST " + shop + "availability",
		"POST " + shop + "deliveries/{act}", "POST " + shop + "routes/{route}/backfill", "POST " + shop + "routes/{route}/replay",
		"POST " + shop + "routes/{route}/test", "POST " + shop + "routes/{route}/rehearse", "POST " + shop + "invitations/templates/preview",
	} {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	return mux
}

// simulateOwn is simulate for our own API: it answers over a ledger, a catalogue
// and an engine that do nothing for good.
func (a *App) simulateOwn(ctx context.Context, c rehearsal.Call) (rehearsal.Answer, error) {
	u, err := url.ParseRequestURI(c.Path)
	if err == nil {
		if _, pattern := simulatedCalls().Handler(&http.Request{Method: c.Method, URL: u, Host: c.Host}); pattern == "" {
			return rehearsal.Answer{}, console.ErrUnsimulated
		}
	}
	r := rehearsal.New(partner.Deps{Intake: simulatedIntake{a}, Orders: a.ledger, Catalog: a.store.Catalog(), Now: a.now}, a.asTaken)
	opts := a.apiOptions
	opts.Ledger = apiLedger{Ledger: a.ledger, intake: r.Deps().Intake}
	opts.Catalog, opts.Stock, opts.Engine = products{r.Deps().Catalog, a.disk}, a.knownStock(), dryEngine{opts.Engine}
	opts.Log = slog.New(onlyTroubles{a.log.Handler()})
	tokens := *a.tokens
	tokens.uses = newUses(a) // which nobody writes down
	opts.Tokens = &tokens
	if c.Method != http.MethodGet {
		opts.Acts = nil // marking one for the first time writes down since when they are marked
	}
	opts.Operator.Mirror = func(ctx context.Context, shop, route string, _ bool) (*shipping.Mirror, error) {
		return a.mirror(ctx, shop, route, false) // a fresh look is a call of the partner
	}
	answer, err := rehearsal.Ask(ctx, api.New(opts), c)
	answer.Events = r.Events()
	return answer, err
}

// dryEngine counts what it is told to do, and does nothing of it.
type dryEngine struct{ api.Engine }

// Backfill implements api.Engine.
func (e dryEngine) Backfill(ctx context.Context, shop, route string, f delivery.Filter, _ bool) (delivery.Acted, error) {
	return e.Engine.Backfill(ctx, shop, route, f, true)
}

// Replay implements api.Engine.
func (e dryEngine) Replay(ctx context.Context, shop, route string, f delivery.Filter, _ bool) (delivery.Acted, error) {
	return e.Engine.Replay(ctx, shop, route, f, true)
}

// Retry implements api.Engine.
func (e dryEngine) Retry(ctx context.Context, shop string, f delivery.Filter, _ bool) (delivery.Acted, error) {
	return e.Engine.Retry(ctx, shop, f, true)
}

// Drop implements api.Engine.
func (e dryEngine) Drop(ctx context.Context, shop string, f delivery.Filter, _ bool) (delivery.Acted, error) {
	return e.Engine.Drop(ctx, shop, f, true)
}

// Hold implements api.Engine.
func (e dryEngine) Hold(ctx context.Context, shop string, f delivery.Filter, reason string, _ bool) (delivery.Acted, error) {
	return e.Engine.Hold(ctx, shop, f, reason, true)
}

// Release implements api.Engine.
func (e dryEngine) Release(ctx context.Context, shop string, f delivery.Filter, _ bool) (delivery.Acted, error) {
	return e.Engine.Release(ctx, shop, f, true)
}

// Send implements api.Engine.
func (e dryEngine) Send(ctx context.Context, shop, route, orderID string, _ bool) (delivery.Verdict, error) {
	return e.Engine.Send(ctx, shop, route, orderID, true)
}
