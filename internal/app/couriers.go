package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/shipping"
)

// askTime is how long a partner may take to answer a person's question.
const askTime = 30 * time.Second

// couriers are a shop's own, as configured now.
func (a *App) couriers(shop string) []shipping.Courier {
	list, _ := a.couriersOf(shop)
	return list
}

// couriersOf returns them with the shop's time zone.
func (a *App) couriersOf(shop string) ([]shipping.Courier, *time.Location) {
	if s := a.config().Shops[shop]; s != nil {
		return s.Couriers, s.Location
	}
	return nil, time.UTC
}

// mirror returns what a route knows of its partner's couriers.
func (a *App) mirror(ctx context.Context, shop, name string, fresh bool) (*shipping.Mirror, error) {
	side, err := a.side(shop, name)
	if err != nil {
		return nil, err
	}
	if side.Couriers == nil {
		return nil, notOfRoute("the partner of this route has no couriers")
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	m, err := side.Couriers(ctx, fresh)
	if err != nil && fresh {
		err = blamed(ctx, err)
	}
	return m, err
}

// testMessage lets a route send a message that means nothing.
func (a *App) testMessage(ctx context.Context, shop, name, account string) (string, error) {
	side, err := a.side(shop, name)
	if err != nil {
		return "", err
	}
	if side.Test == nil {
		return "", notOfRoute("this route has no test message")
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	said, err := side.Test(ctx, account)
	return said, blamed(ctx, err)
}

// side is what was built for a route.
func (a *App) side(shop, name string) (partner.Side, error) {
	r := a.current.Load().routes[routeKey{shop, name}]
	if r == nil {
		return partner.Side{}, fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
	}
	return r.delivery.Side, nil
}

func notOfRoute(detail string) error {
	const status = http.StatusConflict
	return &api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// blamed makes a problem of what a partner is to blame for: people asked, and
// are told. The rest stays what it is.
func blamed(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, order.ErrNotFound) || errors.Is(err, order.ErrBusy) || errors.Is(err, order.ErrReadOnly) {
		return err
	}
	if _, ok := errors.AsType[*order.Invalid](err); ok {
		return err
	}
	status, detail := http.StatusBadGateway, err.Error()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		status, detail = http.StatusGatewayTimeout, "the partner took too long to answer"
	}
	return &api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}
