package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/review"
)

type reviewsCmd struct {
	Order    string    `help:"Only of this order." placeholder:"ID"`
	About    string    `help:"Only about these: shop or product." enum:",shop,product" default:"" placeholder:"WHAT"`
	Product  string    `help:"Only of this product." placeholder:"CODE"`
	Location string    `help:"Only of this location." placeholder:"NAME"`
	Tag      string    `help:"Only with this tag." placeholder:"TAG"`
	Locale   string    `help:"Only in this language." placeholder:"LOCALE"`
	Platform string    `help:"Only of this platform; form: our own form." placeholder:"NAME"`
	Stars    int       `help:"Only with so many." placeholder:"N"`
	From     time.Time `help:"Written at or after (RFC 3339, or a day in UTC)." placeholder:"TIME"`
	To       time.Time `help:"Written before." placeholder:"TIME"`
	CSV      bool      `help:"Print all as CSV." name:"csv" xor:"form"`
	NDJSON   bool      `help:"Print all as JSON, one a line." name:"ndjson" xor:"form"`
	Totals   string    `help:"Print counts and means instead, by all, about, tag, location or product; --from and --to then mean their months." xor:"form" placeholder:"BY"`
	Months   bool      `help:"With --totals: month by month."`
	pageFlags
	ofShop
	JSON bool `help:"Print JSON." name:"json"`
}

func (c *reviewsCmd) options() api.ReviewOptions {
	return api.ReviewOptions{
		Order: c.Order, About: c.About, Product: c.Product, Location: c.Location, Tag: c.Tag, Locale: c.Locale, Platform: c.Platform,
		Stars: c.Stars, From: c.From, To: c.To, Cursor: c.Cursor,
	}
}

// Run lists reviews, newest first, writes all of them, or sums them up.
func (c *reviewsCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	switch {
	case err != nil:
		return err
	case c.Totals != "":
		return c.totals(ctx, env, client, shop)
	case c.CSV:
		return client.ExportReviews(ctx, shop, c.options(), "csv", env.Out)
	case c.NDJSON:
		return client.ExportReviews(ctx, shop, c.options(), "ndjson", env.Out)
	}
	all := api.Reviews{Reviews: []review.Review{}}
	all.Next, err = c.pages(func(p api.ListOptions) (int, string, error) {
		o := c.options()
		o.Cursor, o.Limit = p.Cursor, p.Limit
		page, err := client.Reviews(ctx, shop, o)
		all.Reviews = append(all.Reviews, page.Reviews...)
		return len(page.Reviews), page.Next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(all)
	}
	t := table(env.Out)
	row(t, "WRITTEN (UTC)", "STARS", "ABOUT", "ORDER", "SOURCE", "TITLE", "TEXT")
	for _, r := range all.Reviews {
		row(t, at(r.At), stars(r), about(r), r.Order, r.Source, short(r.Title, 30), short(words(r), 60))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return env.more(all.Next)
}

func stars(r review.Review) string {
	if r.Stars == 0 {
		return ""
	}
	return strconv.Itoa(r.Stars)
}

func about(r review.Review) string {
	if r.Product != "" {
		return "product " + r.Product
	}
	return r.About
}

// words are a review's, or why there are none.
func words(r review.Review) string {
	switch {
	case r.Deleted:
		return "(taken back)"
	case r.Erased:
		return "(erased)"
	}
	return r.Text
}

// totals prints sums of a dimension.
func (c *reviewsCmd) totals(ctx context.Context, env *Env, client *api.Client, shop string) error {
	month := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01")
	}
	value := map[string]string{"tag": c.Tag, "location": c.Location, "product": c.Product, "about": c.About}[c.Totals]
	sums, err := client.ReviewTotals(ctx, shop, c.Totals, value, month(c.From), month(c.To))
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(sums)
	}
	list := sums.Totals
	if c.Months {
		list = sums.Months
	}
	t := table(env.Out)
	row(t, "VALUE", "MONTH", "REVIEWS", "MEAN STARS")
	for _, s := range list {
		row(t, s.Value, s.Month, s.Count, s.Mean)
	}
	return t.Flush()
}
