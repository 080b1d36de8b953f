//go:build linux

package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// side is where a run asks a hub about one of its shops: its own API at any
// of its nodes.
type side struct{ addr, shop string }

func (s side) base() string { return "http://" + s.addr + "/api/v1/shops/" + s.shop }

// ask asks about the shop.
func (s side) ask(ctx context.Context, path string, out any) error {
	return call(ctx, http.MethodGet, s.base()+"/"+path, "Bearer "+adminToken, nil, out)
}

// openStates are those of deliveries that the hub still works on by itself.
var openStates = []string{"ready", "held", "sending", "pending", "retrying", "asking"}

// busy names what the hub still has to do; "": nothing.
func (s side) busy(ctx context.Context) (string, error) {
	var list struct {
		Routes []struct {
			Name, State    string
			Position, Head int64
			Counts         map[string]int
		}
	}
	if err := s.ask(ctx, "routes", &list); err != nil {
		return "", err
	}
	if len(list.Routes) != 3 {
		return "", fmt.Errorf("the hub tells of %d routes", len(list.Routes))
	}
	for _, r := range list.Routes {
		if r.Position < r.Head {
			return fmt.Sprintf("%s: route %s (%s) stands at %d of %d", s.shop, r.Name, r.State, r.Position, r.Head), nil
		}
		for _, state := range openStates {
			if n := r.Counts[state]; n > 0 {
				return fmt.Sprintf("%s: route %s (%s) has %d %s", s.shop, r.Name, r.State, n, state), nil
			}
		}
	}
	return "", nil
}

// open describes some deliveries that are not closed, for the log of a run
// that does not come to rest.
func (s side) open(ctx context.Context) string {
	var out strings.Builder
	for _, state := range openStates {
		var page struct{ Deliveries []json.RawMessage }
		if err := s.ask(ctx, "deliveries?limit=3&state="+state, &page); err != nil {
			return err.Error()
		}
		for _, d := range page.Deliveries {
			fmt.Fprintf(&out, "%s\n", d)
		}
	}
	return out.String()
}

// chain asks the hub to verify the shop's chain and returns the faults.
func (s side) chain(ctx context.Context) ([]string, error) {
	var chain struct {
		Events, Head int64
		Whole        bool
		Faults       []string
	}
	if err := s.ask(ctx, "verify", &chain); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if !chain.Whole && len(chain.Faults) == 0 || chain.Events != chain.Head {
		chain.Faults = append(chain.Faults, fmt.Sprintf("%d events, head %d, whole %t", chain.Events, chain.Head, chain.Whole))
	}
	return chain.Faults, nil
}

// listed adds to out the orders that the hub lists for a person on a route
// because nobody knows what became of them.
func (s side) listed(ctx context.Context, route string, out map[string]bool) error {
	for cursor := ""; ; {
		var page struct {
			Deliveries []struct{ Order string }
			Next       string
		}
		path := "deliveries?state=parked&limit=100&route=" + route + "&cursor=" + url.QueryEscape(cursor)
		if err := s.ask(ctx, path, &page); err != nil {
			return err
		}
		for _, d := range page.Deliveries {
			out[d.Order] = true
		}
		if page.Next == "" {
			return nil
		}
		cursor = page.Next
	}
}

// ledger adds the shop's events to the evidence, which mu guards: of all orders
// that the hub lists.
func (s side) ledger(ctx context.Context, mu *sync.Mutex, e *Evidence) error {
	listed, err := listIDs(ctx, s.base(), adminToken)
	if err != nil {
		return err
	}
	return each(listed, func(id string) error {
		var o struct {
			Events []struct {
				Kind, Hash string
				Seq        int64
			}
		}
		if err := s.ask(ctx, "orders/"+url.PathEscape(id), &o); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, got := range o.Events {
			event := eventName(id, got.Kind)
			e.Placed[event]++
			e.Stored[event] = receiptText(got.Seq, got.Hash)
		}
		return nil
	})
}

// eventName names an event; see Evidence.
func eventName(id, kind string) string {
	if kind == "placed" {
		return id
	}
	return id + "/" + kind
}

func receiptText(seq int64, hash string) string { return fmt.Sprintf("%d %s", seq, hash) }

// listIDs lists the ids of all orders of a shop.
func listIDs(ctx context.Context, base, token string) (map[string]bool, error) {
	out := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Orders []struct{ ID string }
			Next   string
		}
		if err := call(ctx, http.MethodGet, base+"/orders?limit=100&cursor="+url.QueryEscape(cursor), "Bearer "+token, nil, &page); err != nil {
			return nil, err
		}
		for _, o := range page.Orders {
			out[o.ID] = true
		}
		if page.Next == "" {
			return out, nil
		}
		cursor = page.Next
	}
}

// each calls f for every id, a few at a time, and returns the first error.
func each(ids map[string]bool, f func(id string) error) error {
	work := make(chan string)
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for range 4 {
		wg.Go(func() {
			for id := range work {
				if err := f(id); err != nil {
					once.Do(func() { first = err })
				}
			}
		})
	}
	for id := range ids {
		work <- id
	}
	close(work)
	wg.Wait()
	return first
}
