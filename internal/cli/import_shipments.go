package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/partner"
)

// formatShipments is the format of files that say which parcel is on its way.
const formatShipments = "shipments"

// shipments tells the hub of the parcels of a CSV file, a line at a time.
func (c *importCmd) shipments(ctx context.Context, env *Env) error {
	if c.History || c.Report != "" || c.Currency != "" {
		return usagef("--history, --report and --currency are about orders, not about parcels")
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	opts := partner.ReadOptions{Shop: shop, Location: time.UTC}
	if err := c.ask(ctx, client, &opts); err != nil {
		return err
	}
	if err := c.zone(&opts); err != nil {
		return err
	}
	in, size, err := c.open(env)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := newProgress(env, size)
	summary := intake.Summary{Results: map[intake.Result]int{}}
	for s, bad := range intake.Shipments(bar.reader(in), opts.Location, time.Now()) {
		v, err := c.shipment(ctx, client, shop, s, bad)
		bar.clear()
		if err == nil {
			summary.Rows, summary.Lines, summary.LastLine = summary.Rows+1, summary.Lines+1, s.Line
			summary.Results[v.Result]++
			err = c.verdict(env, v)
		}
		if err != nil {
			return errors.Join(c.parcels(env, summary), fmt.Errorf("%s: %w", c.File, err))
		}
		bar.show(summary.Rows, "parcel")
	}
	bar.clear()
	if err := c.parcels(env, summary); err != nil {
		return err
	}
	if summary.Results[intake.Refused] > 0 {
		return errQuiet
	}
	return nil
}

// shipment tells the hub of one parcel. Its error ends the run.
func (c *importCmd) shipment(ctx context.Context, client *api.Client, shop string, s intake.Shipment, bad error) (intake.Verdict, error) {
	v := intake.Verdict{Line: s.Line, LastLine: s.Line, Order: s.Order, Result: intake.Refused}
	if bad != nil {
		if _, ok := intake.AsInvalid(bad); !ok {
			return v, bad
		}
		v.Reason = bad.Error()
		return v, nil
	}
	in := api.Shipment{Parcel: s.Parcel, Courier: s.Courier, At: s.At, DryRun: c.DryRun}
	out, err := shipAgain(ctx, client, shop, s.Order, in)
	p, ok := errors.AsType[*api.Problem](err)
	switch {
	case err == nil:
		v.Seq = out.Seq
		v.Result = map[string]intake.Result{"new": intake.New, "known": intake.Known, "dry_run": intake.Readable}[out.Result]
		return v, nil
	case ok && p.Status == http.StatusNotFound && p.Detail == api.NotFound:
		v.Reason = "no such order"
		return v, nil
	case ok && p.Status == http.StatusBadRequest:
		v.Reason = strings.ReplaceAll(p.Error(), "\n ", ";")
		return v, nil
	}
	return v, err
}

// shipAgain repeats a call that the hub is too busy for: repeating does no
// harm.
func shipAgain(ctx context.Context, client *api.Client, shop, id string, in api.Shipment) (api.Shipped, error) {
	for try := 1; ; try++ {
		out, err := client.Ship(ctx, shop, id, in)
		p, ok := errors.AsType[*api.Problem](err)
		if !ok || p.Status != http.StatusServiceUnavailable || try == mostTries {
			return out, err
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(max(p.RetryAfter(), 100*time.Millisecond)):
		}
	}
}

// parcels sums up.
func (c *importCmd) parcels(env *Env, s intake.Summary) error {
	if c.JSON {
		return c.summary(env, s)
	}
	_, err := fmt.Fprint(env.Out, count(s.Rows, "parcel"))
	for _, r := range []intake.Result{intake.New, intake.Known, intake.Readable, intake.Refused} {
		if n := s.Results[r]; n > 0 {
			fmt.Fprintf(env.Out, ", %d %s", n, r)
		}
	}
	fmt.Fprintln(env.Out)
	return err
}
