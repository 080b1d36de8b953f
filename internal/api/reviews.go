package api

import (
	"io"
	"regexp"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// Reviews is a page of reviews, newest first.
type Reviews struct {
	Reviews []review.Review `json:"reviews"`
	Next    string          `json:"next,omitzero"`
}

// listReviews pages through a shop's reviews, or writes all of them.
func listReviews(a *API, r *request) (any, error) {
	q := newQuery(r, "order", "about", "product", "location", "tag", "locale", "platform", "stars", "from", "to", "cursor", "limit", "format")
	f := review.Filter{
		Order: q.text("order"), About: q.text("about"), Product: q.text("product"), Location: q.text("location"), Tag: q.text("tag"),
		Locale: q.text("locale"), Platform: q.text("platform"), Stars: int(q.number("stars")), From: q.time("from"), To: q.time("to"),
		Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if q.text("stars") != "" && (f.Stars < 1 || f.Stars > 5) {
		q.refuse("stars", "must be 1 to 5")
	}
	if f.About != "" && f.About != order.AboutShop && f.About != order.AboutProduct {
		q.refuse("about", "must be "+order.AboutShop+" or "+order.AboutProduct)
	}
	format := q.format(r, "json", "csv", "ndjson")
	if err := q.err(); err != nil {
		return nil, err
	}
	page, next, err := a.Book.Reviews(r.Context(), r.shop, f) // an error of it is no broken export
	if err != nil {
		return nil, err
	}
	if format == "json" {
		if page == nil {
			page = []review.Review{}
		}
		return Reviews{Reviews: page, Next: next}, nil
	}
	write := review.WriteCSV
	if format == "ndjson" {
		write = review.WriteNDJSON
	}
	return export{form: format, name: "reviews", write: func(w io.Writer) error {
		return write(w, a.Book.EachReview(r.Context(), r.shop, f))
	}}, nil
}

// Total is how many reviews there are and what stars they gave.
type Total struct {
	Value string        `json:"value,omitzero"` // the tag, location, product …
	Month string        `json:"month,omitzero"` // "2026-11", in UTC; absent: all of the range
	Count int64         `json:"count"`          // reviews with stars
	Stars int64         `json:"stars"`          // their sum
	Mean  order.Decimal `json:"mean,omitzero"`
}

// ReviewTotals are sums by the values of a dimension.
type ReviewTotals struct {
	By     review.Dimension `json:"by"`
	Totals []Total          `json:"totals"` // over all months
	Months []Total          `json:"months"`
}

var months = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])$`)

// totalReviews sums reviews up by tag, location, product …, and by month.
func totalReviews(a *API, r *request) (any, error) {
	q := newQuery(r, "by", "value", "from", "to")
	by := review.Dimension(q.text("by"))
	if by == "" {
		by = review.ByAll
	}
	if !by.Known() {
		q.refuse("by", "must be one of all, about, tag, location, product")
	}
	for _, name := range []string{"from", "to"} {
		if m := q.text(name); m != "" && !months.MatchString(m) {
			q.refuse(name, "must be a month such as 2026-11")
		}
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	rows, err := a.Book.Totals(r.Context(), r.shop, by, q.text("value"), q.text("from"), q.text("to"))
	if err != nil {
		return nil, err
	}
	out := ReviewTotals{By: by, Totals: []Total{}, Months: []Total{}}
	for from := 0; from < len(rows); { // sorted by value, then by month
		to := from
		for to < len(rows) && strings.Compare(rows[to].Value, rows[from].Value) == 0 {
			out.Months = append(out.Months, totalOf(rows[to]))
			to++
		}
		sum := review.Sum(rows[from:to])
		sum.Month = ""
		out.Totals = append(out.Totals, totalOf(sum))
		from = to
	}
	return out, nil
}

func totalOf(t review.Total) Total {
	return Total{Value: t.Value, Month: t.Month, Count: t.Count, Stars: t.Stars, Mean: t.Mean()}
}
