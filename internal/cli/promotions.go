package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/promotion"
)

type promotionsCmd struct {
	List  promotionsListCmd  `cmd:"" default:"withargs" help:"List promotions, newest first."`
	Get   promotionsGetCmd   `cmd:"" help:"Show a promotion with its stores."`
	Put   promotionsPutCmd   `cmd:"" help:"Make, change or end the promotion of a JSON file. Repeating it does no harm."`
	Job   promotionsJobCmd   `cmd:"" help:"Show how a request about a promotion stands, and what of it was refused."`
	Shown promotionsShownCmd `cmd:"" help:"Show which promotions a customer of a store sees."`
}

type promotionsListCmd struct {
	pageFlags
	ofShop
	asJSON
}

// Run lists promotions.
func (c *promotionsListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	all := api.PromotionList{Promotions: []promotion.Promotion{}}
	rest, err := c.pages(func(o api.ListOptions) (int, string, error) {
		before, err := beforeOf(o.Cursor)
		if err != nil {
			return 0, "", err
		}
		page, err := client.Promotions(ctx, shop, before, o.Limit)
		all.Promotions = append(all.Promotions, page.Promotions...)
		next := ""
		if page.Next > 0 {
			next = strconv.FormatInt(page.Next, 10)
		}
		return len(page.Promotions), next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		all.Next, _ = beforeOf(rest)
		return env.printJSON(all)
	}
	t := table(env.Out)
	row(t, "ID", "NAME", "TYPE", "STORES", "START (UTC)", "END (UTC)", "STATE")
	for i := range all.Promotions {
		p := &all.Promotions[i]
		row(t, p.ID, short(promotionName(&p.Header), 40), p.Type, storesText(p), at(p.Start.Time()), at(p.End.Time()), p.State)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return env.more(rest)
}

// beforeOf is the id that a cursor of this list is.
func beforeOf(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("--cursor is the id of a promotion, as an earlier list told it")
	}
	return id, nil
}

func promotionName(h *promotion.Header) string {
	if h.Name != "" || len(h.Names) == 0 {
		return h.Name
	}
	return h.Names[slices.Min(slices.Collect(maps.Keys(h.Names)))]
}

func storesText(p *promotion.Promotion) string {
	if p.Every {
		return "all"
	}
	return strconv.Itoa(p.Stores)
}

type promotionsGetCmd struct {
	ID int64 `arg:"" help:"The promotion's id." placeholder:"ID"`
	ofShop
	asJSON
}

// Run shows a promotion.
func (c *promotionsGetCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	out, err := client.Promotion(ctx, shop, c.ID)
	if err != nil {
		return notFound(err, "there is no promotion %d in shop %s", c.ID, shop)
	}
	if c.JSON {
		return env.printJSON(out)
	}
	p := out.Promotion
	t := table(env.Out)
	row(t, "id", p.ID)
	if p.Name != "" {
		row(t, "name", p.Name)
	}
	for _, language := range slices.Sorted(maps.Keys(p.Names)) {
		row(t, "name:"+language, p.Names[language])
	}
	row(t, "state", p.State)
	row(t, "type", typeText(&p.Header))
	row(t, "reason", p.Reason)
	row(t, "start", at(p.Start.Time()))
	row(t, "end", at(p.End.Time()))
	limits(t, &p.Limits)
	row(t, "made", at(p.Created))
	row(t, "changed", at(p.Changed))
	row(t, "stores", storesText(p))
	for _, s := range out.Stores {
		row(t, "", s)
	}
	return t.Flush()
}

func typeText(h *promotion.Header) string {
	if h.Type != promotion.SameItemBundle {
		return string(h.Type)
	}
	return fmt.Sprintf("%s (of %d bought, %d more)", h.Type, h.Bundle.Purchased, h.Bundle.Discounted)
}

func limits(t *grid, l *promotion.Limits) {
	if l.Global > 0 {
		row(t, "orders in all", l.Global)
	}
	if l.MaxDiscountPerOrder.IsSet() {
		row(t, "most off an order", l.MaxDiscountPerOrder)
	}
	if l.MaxItemsPerOrder > 0 {
		row(t, "most items of an order", l.MaxItemsPerOrder)
	}
}

type promotionsPutCmd struct {
	File  string   `arg:"" help:"JSON file of the promotion; - is standard input." placeholder:"FILE"`
	Route []string `help:"Hand it to this route only, and not to the shop's own promotions; may be given several times." placeholder:"NAME"`
	ofShop
	asJSON
}

// Run puts a promotion.
func (c *promotionsPutCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	body, err := readFile(env, c.File, api.MaxPromotion)
	if err != nil {
		return err
	}
	out, err := client.PutPromotionRaw(ctx, shop, body, c.Route...)
	if err != nil {
		return notFound(err, "shop %s has no route %s", shop, strings.Join(c.Route, " or "))
	}
	if c.JSON {
		return env.printJSON(out)
	}
	if out.Job != nil {
		fmt.Fprintf(env.Out, "job %s: %s\n", out.Job.ID, out.Job.State)
	}
	for _, r := range out.Routes {
		if r.Job != "" {
			fmt.Fprintf(env.Out, "route %s: job %s\n", cell(r.Route), cell(r.Job))
			continue
		}
		for _, f := range r.Faults {
			fmt.Fprintf(env.Out, "route %s: refused: %s\n", cell(r.Route), cell(strings.TrimSpace(f.Path+" "+f.Reason)))
		}
	}
	return nil
}

type promotionsJobCmd struct {
	ID string `arg:"" help:"The job's id." placeholder:"ID"`
	ofShop
	asJSON
}

// Run shows a job.
func (c *promotionsJobCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	j, err := client.PromotionJob(ctx, shop, c.ID)
	if err != nil {
		return notFound(err, "there is no job %s of promotions in shop %s", c.ID, shop)
	}
	if c.JSON {
		return env.printJSON(j)
	}
	t := table(env.Out)
	row(t, "job", j.ID)
	row(t, "state", j.State)
	if j.Result.Reason != "" {
		row(t, "because", j.Result.Reason)
	}
	if j.Of != "" {
		row(t, "duplicate of", j.Of)
	}
	if j.Promotion > 0 {
		row(t, "promotion", j.Promotion)
	}
	row(t, "asked", at(j.Created))
	row(t, "last word", at(j.Updated))
	row(t, "asks for", fmt.Sprintf("%d stores by %d SKUs", j.Stores, j.SKUs))
	if j.State.Over() {
		row(t, "accepted", count(j.Result.Accepted, "pair"))
	}
	for _, s := range j.Result.InvalidStores {
		row(t, "no such store", s)
	}
	refusedRows(t, "not sold there", j.Result.MissingSKUs)
	refusedRows(t, "not lower", j.Result.InvalidSKUs)
	if j.Result.Cut() {
		row(t, "", "more was refused than is listed")
	}
	return t.Flush()
}

func refusedRows(t *grid, what string, by map[string][]string) {
	for _, store := range slices.Sorted(maps.Keys(by)) {
		for _, sku := range by[store] {
			row(t, what, store+" "+sku)
		}
	}
}

type promotionsShownCmd struct {
	Outlet string    `help:"The store." name:"store" required:"" placeholder:"NAME"`
	At     time.Time `help:"At this moment (RFC 3339, or a day in UTC); else now." placeholder:"TIME"`
	SKUs   []string  `arg:"" name:"sku" help:"SKUs." placeholder:"SKU"`
	ofShop
	asJSON
}

// Run shows what a customer sees.
func (c *promotionsShownCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	out, err := client.ShownPromotions(ctx, shop, c.Outlet, c.SKUs, c.At)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(out)
	}
	t := table(env.Out)
	row(t, "SKU", "REGULAR", "PRICE", "PROMOTION", "NAME", "UNTIL (UTC)")
	for i := range out.Shown {
		s := &out.Shown[i]
		if s.Promotion == nil {
			row(t, s.SKU, s.Regular, "", "", "", "")
			continue
		}
		row(t, s.SKU, s.Regular, s.Final, s.Promotion.ID, short(promotionName(&s.Promotion.Header), 40), at(s.Promotion.End.Time()))
	}
	return t.Flush()
}
