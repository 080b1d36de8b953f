package console

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/review"
)

// reviewsPage lists reviews that a search selects, and their sums.
type reviewsPage struct {
	Search   url.Values
	Reviews  []review.Review
	Totals   []api.Total // over everything, by what the search says
	By       string
	More     string
	Download string // address of the list as a file
	Refused  *refusal
}

// totalsShown bounds the table of sums.
const totalsShown = 30

func (c *Console) reviews(v *visit) error {
	q := v.URL.Query()
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	stars, _ := strconv.Atoi(get("stars"))
	o := api.ReviewOptions{
		Order: get("order"), About: get("about"), Product: get("product"), Location: get("location"), Tag: get("tag"), Platform: get("platform"),
		Stars: stars, Cursor: q.Get("cursor"), Limit: ordersShown,
	}
	p := reviewsPage{Search: url.Values{}, By: get("by")}
	for _, name := range []string{"order", "about", "product", "location", "tag", "platform", "stars"} {
		if value := get(name); value != "" {
			p.Search.Set(name, value)
		}
	}
	list, err := v.hub.Reviews(v.Context(), v.PathValue("shop"), o)
	if p.Refused = refusalOf(err); p.Refused == nil && err != nil {
		return err
	}
	p.Reviews, p.Download = list.Reviews, v.listFile("reviews", p.Search)
	if list.Next != "" {
		next := url.Values{"cursor": {list.Next}}
		p.More = v.URL.Path + "?" + p.Search.Encode() + "&" + next.Encode()
	}
	if p.By == "" {
		p.By = string(review.ByAll)
	}
	sums, err := v.hub.ReviewTotals(v.Context(), v.PathValue("shop"), p.By, "", "", "")
	if err != nil {
		return err
	}
	p.Totals = sums.Totals[:min(len(sums.Totals), totalsShown)]
	return v.show(p.Refused.status(), "reviews", "reviews.title", p)
}

// Stars are the numbers of stars that one can give.
func (p reviewsPage) Stars() []string { return []string{"5", "4", "3", "2", "1"} }

// Dimensions are what sums are taken by.
func (p reviewsPage) Dimensions() []review.Dimension {
	return []review.Dimension{review.ByAll, review.ByAbout, review.ByProduct, review.ByLocation, review.ByTag}
}
