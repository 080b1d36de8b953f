package demo

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
)

// How often the partners are asked, and how often a hub that has nothing left
// to do must be seen with something missing before that is the verdict.
const (
	askEvery  = 200 * time.Millisecond
	idleTimes = 15 // a poll comes every second
)

// wait asks the partners until they have everything, or the hub has nothing
// left to do, or patience ends. It returns what they lack.
func (d *demo) wait(ctx context.Context, j *judge) (faults []string, err error) {
	deadline := time.Now().Add(d.opts.Patience)
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	drawn := 0
	for idle := 0; ; {
		routes, err := d.api.Routes(ctx, shopID)
		if err != nil {
			return nil, fmt.Errorf("ask the hub: %w", err)
		}
		if d.opts.Live {
			drawn = d.draw(routes, drawn)
		}
		before := len(faults)
		if faults, err = j.ask(ctx); err != nil {
			return nil, err
		}
		if idle++; working(routes) || j.jobs || len(faults) != before {
			idle = 0
		}
		if len(faults) == 0 || idle >= idleTimes || time.Now().After(deadline) {
			return faults, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// working reports whether a route has something left to do by itself.
func working(routes api.Routes) bool {
	for _, r := range routes.Routes {
		if r.Position < r.Head {
			return true
		}
		for _, s := range []delivery.State{delivery.Ready, delivery.Sending, delivery.Retrying, delivery.Asking} {
			if r.Counts[s] > 0 {
				return true
			}
		}
	}
	return false
}

// draw shows the routes in place of what was drawn before, and returns how
// many lines it drew.
func (d *demo) draw(routes api.Routes, before int) int {
	var b strings.Builder
	if before > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", before)
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "route\tstate\tseen\tdelivered\twaiting\trefused")
	for _, r := range routes.Routes {
		fmt.Fprintf(table, "%s\t%s\t%d of %d\t%d\t%d\t%d\n", r.Name, r.State, r.Position, r.Head,
			r.Counts[delivery.Delivered], waiting(r.Counts), r.Counts[delivery.Refused])
	}
	_ = table.Flush()
	fmt.Fprint(d.out, b.String())
	return len(routes.Routes) + 1
}

// waiting counts the deliveries that are not closed.
func waiting(counts map[delivery.State]int64) (n int64) {
	for _, s := range []delivery.State{
		delivery.Ready, delivery.Held, delivery.Sending, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking,
		delivery.Failed, delivery.Parked,
	} {
		n += counts[s]
	}
	return n
}
