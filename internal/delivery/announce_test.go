package delivery_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/partner"
)

// announcing is a store that notes which routes were announced to it.
type announcing struct {
	*fakeStore
	told []string
}

func (s *announcing) AddRoutes(_ context.Context, routes []delivery.RouteRow) error {
	var names []string
	for _, r := range routes {
		names = append(names, fmt.Sprint(r.Shop, "/", r.Route))
	}
	s.told = append(s.told, strings.Join(names, " "))
	return nil
}

// TestNewRoutesAreAnnounced checks that a node makes known which routes are new
// to it, owned or not, and those only.
func TestNewRoutesAreAnnounced(t *testing.T) {
	t.Parallel()
	log := newLog()
	store := &announcing{fakeStore: newStore(log)}
	e := delivery.New(delivery.Options{Log: log, Store: store, Now: time.Now, Shared: true})
	f := &fake{}
	set := func(names ...string) {
		t.Helper()
		var routes []delivery.Route
		for _, name := range names {
			routes = append(routes, delivery.Route{Shop: shop, Name: name, Partner: "fake", Side: f.side(partner.Each)})
		}
		if err := e.SetRoutes(ctx, routes); err != nil {
			t.Fatal(err)
		}
	}
	set("a", "b")
	set("a", "b")
	set("b", "c")
	set()
	set("b")
	if got := strings.Join(store.told, ", "); got != "nordlys/a nordlys/b, nordlys/c, nordlys/b" {
		t.Errorf("announced: %s", got)
	}
}
