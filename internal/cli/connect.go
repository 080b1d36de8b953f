package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// connectTime bounds the login at one partner.
const connectTime = 15 * time.Second

// buildSide makes a route's side as the hub would, with nothing behind it.
func buildSide(cfg *config.Config, shop string, p partner.Partner, r config.Route) (partner.Side, error) {
	side, err := p.Route(partner.Deps{
		Partner: p.Name, Shop: shop, Route: r.Name, Source: order.Source{Name: "route:" + r.Name, Rank: order.RankRoute},
		State: nothing{}, Files: nothing{}, HTTP: outbound.New(outbound.Options{Timeout: connectTime}),
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Mail: app.MailServer(cfg), PublicURL: cfg.PublicURL, Put: app.PutFile,
		Note: func(context.Context, string, string, string) {},
	}, r.Settings)
	if err != nil {
		return side, fmt.Errorf("the partner does not take these settings: %w", err)
	}
	return side, nil
}

// connect asks the partner for an order that nobody has: it answers "not
// there" to those it lets in. A side that can not ask is only called up.
func connect(ctx context.Context, p partner.Partner, r config.Route, side partner.Side) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	if side.Connect != nil {
		return side.Connect(ctx)
	}
	if side.Look == nil {
		return dialSettings(ctx, p, r)
	}
	outcomes := side.Look(ctx, []partner.Task{{Key: "check", Route: r.Name, Attempt: 1, Order: probe(time.Now())}})
	if len(outcomes) != 1 {
		return "", errors.New("the partner's side gave no answer")
	}
	switch o := outcomes[0]; {
	case o.Scope == partner.ScopeRoute:
		return "", fmt.Errorf("%s refuses the login: %s (%s)", p.Title, o.Reason, o.Code)
	case o.Result == partner.ResultNotThere, o.Result == partner.ResultDelivered, o.Result == partner.ResultPending:
		return "login at " + p.Title + " is good", nil
	default:
		return "", fmt.Errorf("%s could not be asked: %s (%s)", p.Title, o.Reason, o.Code)
	}
}

// probe is a complete order that nobody placed, to ask for.
func probe(now time.Time) *order.Order {
	one, _ := order.ParseDecimal("1")
	price, _ := order.ParseDecimal("1.00")
	return &order.Order{
		ID: "ordermux-check", PlacedAt: order.At(now.UTC().Truncate(time.Second)), Currency: "EUR", Session: "ordermux-check", Test: true,
		Lines: []order.Line{{
			ID: "1", Product: order.Product{Code: "ordermux-check", SKU: "ordermux-check", Name: "check"},
			Quantity: one, UnitPrice: price, Total: price,
		}},
		Totals: &order.Totals{Total: price},
	}
}

// dialSettings opens and closes a connection to each address of the route.
func dialSettings(ctx context.Context, p partner.Partner, r config.Route) (string, error) {
	said := "nothing to log in at"
	for _, f := range p.Settings {
		text := r.Settings[f.Name].Text
		if f.Kind != partner.URL || !f.Route || text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil {
			return "", fmt.Errorf("%s is no address", f.Name)
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
		if err != nil {
			return "", fmt.Errorf("%s can not be reached: %w", f.Name, err)
		}
		_ = conn.Close()
		said = f.Name + " answers; " + p.Title + " has no login to try"
	}
	return said, nil
}

// nothing is a side's state and files that hold nothing and keep nothing.
type nothing struct{}

var (
	_ partner.State = nothing{}
	_ partner.Files = nothing{}
)

func (nothing) Get(context.Context, string) ([]byte, bool, error)        { return nil, false, nil }
func (nothing) Put(context.Context, string, []byte, time.Duration) error { return nil }
func (nothing) List(context.Context, string, string, int) ([]string, [][]byte, error) {
	return nil, nil, nil
}
func (nothing) Change(context.Context, ...partner.Edit) (bool, error)      { return true, nil }
func (nothing) Changing(...partner.Edit) order.Effect                      { return nil }
func (nothing) Delete(context.Context, string) error                       { return nil }
func (nothing) Fetched(context.Context, string) (time.Time, error)         { return time.Time{}, nil }
func (nothing) Write(context.Context, string, func(io.Writer) error) error { return nil }
