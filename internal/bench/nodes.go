package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// twoNodes compares two nodes over one database with one: accepting singly and
// delivering one by one, for many shops. Where all of it runs on one small
// machine the rates say little; the CPU seconds of each part do.
func twoNodes(ctx context.Context, b *bench) error {
	for _, how := range []struct {
		name string
		once func(context.Context, *bench, int) (Result, error)
	}{{"accept", acceptByNodes}, {"deliver", deliverByNodes}} {
		var rates [2]float64
		for i := range rates {
			r, err := how.once(ctx, b, i+1)
			if err != nil {
				return err
			}
			r.Scenario, r.Subject = "nodes", fmt.Sprintf("%s, nodes: %d", how.name, i+1)
			b.report(r)
			rates[i] = r.PerSecond
		}
		b.compare(how.name+": two nodes of one, orders/s", rates[0], rates[1])
	}
	return nil
}

func acceptByNodes(ctx context.Context, b *bench, nodes int) (r Result, err error) {
	f, err := b.startNodes(ctx, fmt.Sprintf("nodes-%d-accept", nodes), hubConfig{shops: manyShops}, nodes)
	if err != nil {
		return r, err
	}
	defer f.Stop()
	if err := f.spread(ctx); err != nil {
		return r, err
	}
	parts, err := f.parts(func() (err error) {
		r, err = f.accept(ctx, b.bounded(load{conns: b.connections(64), batch: 1, keys: keys(manyShops)}))
		return err
	})
	r.Note = perNode(parts, r.Orders)
	return r, err
}

func deliverByNodes(ctx context.Context, b *bench, nodes int) (r Result, err error) {
	receiver, err := b.startChild(ctx, childSpec{Role: "receiver"})
	if err != nil {
		return r, err
	}
	defer receiver.stop()
	config := hubConfig{shops: manyShops, routes: webhookRoute("hook", receiver.Addr, slotsOfMany)}
	f, err := b.startNodes(ctx, fmt.Sprintf("nodes-%d-deliver", nodes), config, nodes)
	if err != nil {
		return r, err
	}
	defer f.Stop()
	if err := f.spread(ctx); err != nil {
		return r, err
	}
	parts, err := f.parts(func() (err error) {
		r, err = b.deliver(ctx, f, receiver, b.bounded(load{conns: b.connections(8), batch: b.Batch, rate: b.Rate}))
		return err
	})
	if err != nil {
		return r, err
	}
	r.Note = perNode(parts, r.Orders)
	return r, r.arrivals(receiver)
}

// slotsOfMany is how many calls at a time each of many routes may have: enough
// for all of them together to be busy, few enough not to be a crowd.
const slotsOfMany = 8

// parts runs f and returns what each node used meanwhile.
func (f *fleet) parts(do func() error) ([]usage, error) {
	parts := make([]usage, len(f.nodes))
	var err error
	for i, h := range f.nodes {
		if parts[i], err = usageOf(h.Pid); err != nil {
			return nil, err
		}
	}
	if err := do(); err != nil {
		return nil, err
	}
	for i, h := range f.nodes {
		u, err := usageOf(h.Pid)
		if err != nil {
			return nil, err
		}
		parts[i] = u.since(parts[i])
	}
	return parts, nil
}

func perNode(parts []usage, orders int64) string {
	var out []string
	for i, u := range parts {
		out = append(out, fmt.Sprintf("node %d %.3f s", i+1, per1000(u.CPU.Seconds(), orders)))
	}
	return "cpu per 1,000: " + strings.Join(out, ", ")
}

// spread waits until each node delivers for its share of the shops.
func (f *fleet) spread(ctx context.Context) error {
	limit := time.Now().Add(time.Minute)
	for {
		var list struct {
			Nodes []struct {
				State string `json:"state"`
				Shops int    `json:"shops"`
			} `json:"nodes"`
		}
		if err := f.first().call(ctx, http.MethodGet, "nodes", nil, &list); err != nil {
			return err
		}
		living, least, sum := 0, f.shops, 0
		for _, n := range list.Nodes {
			if n.State == "living" {
				living, least, sum = living+1, min(least, n.Shops), sum+n.Shops
			}
		}
		// The shop of the hub's own acts counts too, so a share may be one off.
		if living == len(f.nodes) && sum >= f.shops && least >= f.shops/living-1 {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("the shops are not spread over %d nodes: %+v", len(f.nodes), list.Nodes)
		}
		if !pause(ctx, 100*time.Millisecond) {
			return errors.Join(errors.New("wait for the nodes"), ctx.Err())
		}
	}
}
