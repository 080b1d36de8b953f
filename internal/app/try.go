package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"syscall"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// LoginTime bounds a login at one partner.
const LoginTime = 15 * time.Second

// BareSide makes a route's side as the hub would, with nothing behind it: it
// remembers nothing, and hands nothing in.
func BareSide(cfg *config.Config, shop string, p partner.Partner, r config.Route) (partner.Side, error) {
	side, err := p.Route(bareDeps(cfg, shop, p, r.Name), r.Settings)
	if err != nil {
		return side, fmt.Errorf("the partner does not take these settings: %w", err)
	}
	return side, nil
}

func bareDeps(cfg *config.Config, shop string, p partner.Partner, route string) partner.Deps {
	return partner.Deps{
		Partner: p.Name, Shop: shop, Route: route, Source: order.Source{Name: "route:" + route, Rank: order.RankRoute},
		State: emptyState{}, Files: emptyState{}, HTTP: outbound.New(outbound.Options{Timeout: LoginTime}),
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Mail: MailServer(cfg), PublicURL: cfg.PublicURL, Put: PutFile,
		Note: func(context.Context, string, string, string) {},
	}
}

// Login logs in at a route's partner and leaves nothing there: the side's own
// way, else an order is asked for that nobody has, which those are told of that
// the partner lets in. A side that can not ask is only called up; control may
// refuse its addresses. It says what was found; its error says why not, without
// a secret, and is a *LoginError where the partner has a word for it.
func Login(ctx context.Context, p partner.Partner, route string, settings partner.Settings, side partner.Side, control func(network, address string, c syscall.RawConn) error) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, LoginTime)
	defer cancel()
	if side.Connect != nil {
		return side.Connect(ctx)
	}
	if side.Look == nil {
		return dialSettings(ctx, p, settings, control)
	}
	outcomes := side.Look(ctx, []partner.Task{{Key: "check", Route: route, Attempt: 1, Order: probe(time.Now())}})
	if len(outcomes) != 1 {
		return "", errors.New("the partner's side gave no answer")
	}
	switch o := outcomes[0]; {
	case o.Scope == partner.ScopeRoute:
		return "", &LoginError{o.Code, fmt.Sprintf("%s refuses the login: %s (%s)", p.Title, o.Reason, o.Code)}
	case o.Result == partner.ResultNotThere, o.Result == partner.ResultDelivered, o.Result == partner.ResultPending:
		return "login at " + p.Title + " is good", nil
	default:
		return "", &LoginError{o.Code, fmt.Sprintf("%s could not be asked: %s (%s)", p.Title, o.Reason, o.Code)}
	}
}

// LoginError is a login that failed, with the word for it.
type LoginError struct{ Code, text string }

func (e *LoginError) Error() string { return e.text }

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
func dialSettings(ctx context.Context, p partner.Partner, settings partner.Settings, control func(network, address string, c syscall.RawConn) error) (string, error) {
	said := "nothing to log in at"
	for _, f := range config.RouteFields(p) {
		text := settings[f.Name].Text
		if f.Kind != partner.URL || text == "" {
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
		d := net.Dialer{Control: control}
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
		if err != nil {
			return "", fmt.Errorf("%s can not be reached: %w", f.Name, err)
		}
		_ = conn.Close()
		said = f.Name + " answers; " + p.Title + " has no login to try"
	}
	return said, nil
}

// emptyState is a side's state and files that hold nothing and keep nothing.
type emptyState struct{}

var (
	_ partner.State = emptyState{}
	_ partner.Files = emptyState{}
)

func (emptyState) Get(context.Context, string) ([]byte, bool, error)        { return nil, false, nil }
func (emptyState) Put(context.Context, string, []byte, time.Duration) error { return nil }
func (emptyState) List(context.Context, string, string, int) ([]string, [][]byte, error) {
	return nil, nil, nil
}
func (emptyState) Change(context.Context, ...partner.Edit) (bool, error)      { return true, nil }
func (emptyState) Changing(...partner.Edit) order.Effect                      { return nil }
func (emptyState) Delete(context.Context, string) error                       { return nil }
func (emptyState) Fetched(context.Context, string) (time.Time, error)         { return time.Time{}, nil }
func (emptyState) Write(context.Context, string, func(io.Writer) error) error { return nil }
