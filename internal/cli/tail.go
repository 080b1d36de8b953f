package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

type tailCmd struct {
	Route string `help:"Only the deliveries of this route." placeholder:"NAME"`
	ofShop
	JSON bool `help:"Print each line as JSON." name:"json"`
}

// again is how long a tail waits before it asks a hub anew that has ended it,
// or is not there; patience for how long it does so.
const (
	again    = time.Second
	patience = time.Minute
)

// Run prints what happens until ctx ends. A hub that restarts is waited for.
func (c *tailCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	v := tailView{env: env, json: c.JSON, route: c.Route}
	seen := time.Now()
	for {
		begun := func() {
			if seen = time.Now(); v.looked {
				fmt.Fprintln(env.Err, "the hub is back; deliveries from meanwhile are not shown: ordermux deliveries lists them")
			} else {
				fmt.Fprintf(env.Err, "following shop %s, times in UTC; Ctrl-C ends it\n", shop)
			}
			v.looked = true
		}
		err := client.Tail(ctx, shop, api.TailOptions{Route: c.Route, After: v.after}, begun, v.print)
		p, said := errors.AsType[*api.Problem](err)
		switch {
		case ctx.Err() != nil:
			return nil
		case v.failed != nil:
			return v.failed
		case said && p.Status < http.StatusInternalServerError:
			return unknownRoute(err, c.Route, shop)
		case err != nil && (!v.looked || time.Since(seen) > patience):
			return err
		case err == nil:
			seen = time.Now()
			fmt.Fprintln(env.Err, "the hub has ended the connection; waiting for it")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

// tailView prints what happens for people.
type tailView struct {
	env    *Env
	json   bool
	route  string
	looked bool
	after  int64 // the newest event that was printed
	failed error // of the output
}

func (v *tailView) print(n api.News) error {
	if n.Event != nil {
		v.after = n.Event.Seq
	}
	if v.json {
		v.failed = v.env.printJSON(n)
	} else {
		_, v.failed = fmt.Fprintln(v.env.Out, v.line(n))
	}
	return v.failed
}

// line is one that happened, such as "09:30:01  1001  hook delivered h-1".
func (v *tailView) line(n api.News) string {
	switch {
	case n.Gap:
		return "          … more happened than is shown here; ordermux orders and ordermux deliveries list it"
	case n.Event != nil && n.Event.Act != "":
		e := n.Event
		return fmt.Sprintf("%s  %s by %s, #%d", clock(e.At), cell(e.Act), cell(e.Source), e.Seq)
	case n.Event != nil:
		e := n.Event
		return fmt.Sprintf("%s  %s  %s by %s, #%d", clock(e.At), cell(e.Order), e.Kind, cell(e.Source), e.Seq)
	}
	d := n.Delivery
	when := d.Settled
	if when.IsZero() {
		when = time.Now()
	}
	line := fmt.Sprintf("%s  %s  %s %s", clock(when), cell(d.Order), cell(d.Route), tinted(v.env.Out, string(d.State)))
	if d.Ref != "" {
		line += ", partner's number " + cell(d.Ref)
	}
	if said := why(*d); said != "" {
		line += ": " + short(said, 160)
	}
	if !d.Due.IsZero() {
		line += ", next " + clock(d.Due)
	}
	return line
}

// clock is a time of day, in UTC.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }
