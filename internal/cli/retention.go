package cli

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/api"
)

type retentionCmd struct {
	Count bool `help:"Count what the next round will remove. It walks through the shop's orders."`
	Now   bool `help:"Have what is old removed now instead of within the hour."`
	ofShop
	asJSON
}

// Run shows for how long a shop's data is kept.
func (c *retentionCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if c.Now {
		if err := client.Retain(ctx, shop); err != nil {
			return err
		}
	}
	out, err := client.Retention(ctx, shop, c.Count)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(out)
	}
	return env.printRetention(out, c.Count, c.Now)
}

func (env *Env) printRetention(r api.Retention, counted, asked bool) error {
	t := table(env.Out)
	if counted {
		row(t, "DATA", "KEPT", "BY", "REMOVED", "LAST (UTC)", "DUE")
	} else {
		row(t, "DATA", "KEPT", "BY", "REMOVED", "LAST (UTC)")
	}
	for _, k := range r.Kinds {
		cells := []any{k.Kind, keptFor(k.Days), k.From, k.Removed, at(k.LastRemoved)}
		if counted {
			cells = append(cells, due(k))
		}
		row(t, cells...)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.Start != nil {
		fmt.Fprintf(env.Out, "The log begins behind #%d (%s), hash %s.\n", r.Start.Seq, at(r.Start.At), short(r.Start.Hash, 16))
	}
	for _, k := range r.Kinds {
		if k.Held != nil {
			fmt.Fprintf(env.Out, "It is kept from #%d on: %s.\n", k.Held.Seq, heldWord(k.Held.Why))
		}
	}
	if !r.WaitsUntil.IsZero() && !asked {
		fmt.Fprintf(env.Out, "The clock jumped by more than three days, or the hub was off for that long: nothing is removed by itself until %s. If the clock is right, run this with --now.\n", at(r.WaitsUntil))
	}
	if r.Failed {
		fmt.Fprintln(env.Out, "The last round met a trouble; the hub's log tells which.")
	}
	if asked {
		fmt.Fprintln(env.Out, "A round was asked for and runs in the background.")
	}
	return nil
}

// heldWord says what keeps a log from being removed.
func heldWord(why string) string {
	return map[string]string{
		"recent": "its order had news since",
		"route":  "a route has not read it yet",
		"open":   "a delivery of its order is not settled",
	}[why]
}

func keptFor(days int) string {
	if days == 0 {
		return "for ever"
	}
	return count(int64(days), "day")
}

func due(k api.RetainedKind) any {
	if k.Due == nil {
		return ""
	}
	return *k.Due
}
