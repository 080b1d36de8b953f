package app

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/user"
)

// consolePaths are what the console answers on the main address.
var consolePaths = func() map[string]bool {
	m := map[string]bool{}
	for _, p := range console.Paths() {
		m[p] = true
	}
	return m
}()

// userScope is where the console's users stand in the state of _hub.
const userScope = "users"

// userStore keeps them.
type userStore struct {
	partner.State
	store store.Store
}

var _ user.KV = userStore{}

// Swap implements user.KV.
func (s userStore) Swap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return s.store.Change(ctx, hubShop, userScope, []store.Edit{{Key: key, Old: old, New: value, TTL: ttl}})
}

func (a *App) newUsers() *user.Book {
	return user.New(userStore{a.store.State(hubShop, userScope), a.store}, a.passwords, a.now)
}

// buildConsole makes the pages over the API.
func (a *App) buildConsole() (err error) {
	a.console, err = console.New(console.Options{
		API: a.api, Users: a.users, PublicURL: a.consoleURL, Version: a.opts.Version, Sandbox: a.faults != nil,
		Wrong: refusedDoor, Enter: a.wrong.enter,
		Documents: a.documents(), Rehearse: a.simulate, Stopping: a.stopping.Load, Log: a.log.With("part", "console"), Now: a.now,
	})
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	return nil
}

// consoleURL is where the console is reached, without a slash at its end.
func (a *App) consoleURL() string {
	if u := a.config().PublicURL; u != "" {
		return strings.TrimRight(u, "/")
	}
	return a.URL()
}

// Welcome returns the address where the first user is made; "": there are users.
func (a *App) Welcome(ctx context.Context) (string, error) {
	token, first, err := a.users.First(ctx)
	if err != nil || !first {
		return "", err
	}
	return a.consoleURL() + "/welcome/" + url.PathEscape(token.Reveal()), nil
}

// documents are the APIs that the hub answers: its own, and the doors'.
func (a *App) documents() []console.Document {
	list := []console.Document{{Name: ownAPI, Title: "ordermux", OpenAPI: api.OpenAPI(), Address: a.consoleURL}}
	for _, p := range a.opts.Partners {
		if p.Door != nil && p.OpenAPI != nil {
			list = append(list, console.Document{
				Name: p.Name, Title: p.Title, OpenAPI: p.OpenAPI, Path: "/" + p.Name,
				Address: func() string { return a.doorURL(p.Name) },
			})
		}
	}
	return list
}
