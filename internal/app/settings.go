package app

import (
	"context"
	"maps"
	"slices"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
)

// settingsOf tells what is configured of a shop, and of the hub.
func (a *App) settingsOf(_ context.Context, id string) (api.ShopSettings, error) {
	cfg := a.config()
	s := cfg.Shops[id]
	if s == nil {
		return api.ShopSettings{}, order.ErrNotFound
	}
	out := api.ShopSettings{Doors: []api.DoorSettings{}, Couriers: []string{}, Hub: a.hubSettings(cfg)}
	for _, shop := range a.shops() {
		if shop.ID == id {
			out.Shop = shop
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Doors)) {
		d := api.DoorSettings{Partner: name, Credentials: []string{}}
		for _, c := range s.Doors[name] {
			d.Credentials = append(d.Credentials, c.Name)
		}
		out.Doors = append(out.Doors, d)
	}
	for _, c := range s.Couriers {
		out.Couriers = append(out.Couriers, c.Name)
	}
	return out, nil
}

func (a *App) hubSettings(cfg *config.Config) api.HubSettings {
	out := api.HubSettings{
		File: cfg.File, Store: "sqlite", PublicURL: cfg.PublicURL, Listen: []api.ListenedTo{}, TLS: cfg.TLS != nil, Mail: cfg.SMTP != nil,
		Alerts: len(cfg.Alerts.Email), Lag: int64(cfg.Alerts.Lag.Seconds()), Waiting: int64(cfg.Alerts.Waiting.Seconds()),
		DiskFree: cfg.Alerts.DiskFree, SealKey: cfg.SealKey.Set(), Version: a.opts.Version,
	}
	if a.database != nil {
		out.Store = "postgres"
	}
	if cfg.Alerts.Webhook != nil {
		out.Alerts++
	}
	if at := a.UploadAddr(); at != nil {
		out.SFTP = at.String()
	}
	for _, l := range a.addrs {
		out.Listen = append(out.Listen, api.ListenedTo{Door: l.door, Address: l.net.Addr().String()})
	}
	return out
}
