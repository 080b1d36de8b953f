package app

import "github.com/ordermux/ordermux/internal/shipping"

// couriers are a shop's own, as configured now.
func (a *App) couriers(shop string) []shipping.Courier {
	if s := a.config().Shops[shop]; s != nil {
		return s.Couriers
	}
	return nil
}
