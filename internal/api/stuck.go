package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// Stuck is what of a shop does not go on, by route and cause.
type Stuck struct {
	Groups []StuckGroup `json:"groups"`
}

func (s Stuck) rows() (any, string) { return s.Groups, "" }

// StuckGroup are the deliveries of a route that do not go on for one cause.
type StuckGroup struct {
	Route   string                   `json:"route"`
	Partner string                   `json:"partner,omitzero"`
	Cause   cause.Cause              `json:"cause"`
	Codes   []string                 `json:"codes,omitzero"` // the outcomes it is made of
	Count   int64                    `json:"count"`
	More    bool                     `json:"more,omitzero"`   // there are more than count
	Person  int64                    `json:"person"`          // of these, wait for a person: failed, parked or refused
	States  map[delivery.State]int64 `json:"states,omitzero"` // the same by state
	Oldest  time.Time                `json:"oldest,omitzero"` // when the first by event was planned
	Newest  time.Time                `json:"newest,omitzero"`
	Words   []StuckWords             `json:"words,omitzero"`  // what was said of some of them, the most frequent first
	Orders  []string                 `json:"orders,omitzero"` // a few
	// Blocked says that the whole route waits because of it, with so many
	// events, planned or not looked at yet.
	Blocked bool  `json:"blocked,omitzero"`
	Waiting int64 `json:"waiting,omitzero"`
	// Halted is "paused", "blocked" or "gone" where nothing of the route goes on
	// until somebody resumes it, or configures it again.
	Halted delivery.Status `json:"halted,omitzero"`
}

// StuckWords are what was said of so many deliveries.
type StuckWords struct {
	Words string `json:"words"`
	Count int    `json:"count"`
}

// listStuck says what of a shop does not go on, and why.
func (a *API) listStuck(r *request) (any, error) {
	q := newQuery(r, "route", "cause")
	route, c := q.text("route"), cause.Cause(q.text("cause"))
	if c != "" && !slices.Contains(cause.All(), c) {
		q.refuse("cause", "is no cause")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	groups, err := a.Engine.Stuck(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	out := Stuck{Groups: []StuckGroup{}}
	for i := range groups {
		if g := &groups[i]; (route == "" || g.Route == route) && (c == "" || g.Cause == c) {
			out.Groups = append(out.Groups, stuckOf(g))
		}
	}
	return out, nil
}

func stuckOf(g *delivery.StuckGroup) StuckGroup {
	out := StuckGroup{
		Route: g.Route, Partner: g.Partner, Cause: g.Cause, Codes: g.Codes, Count: g.Count, More: g.More, Person: g.ForPerson(),
		States: g.States, Oldest: g.Oldest, Newest: g.Newest, Orders: g.Orders, Blocked: g.Blocked, Waiting: g.Waiting, Halted: g.Halted,
	}
	for _, w := range g.Words {
		out.Words = append(out.Words, StuckWords(w))
	}
	return out
}

// byCause runs an act once for each of the codes that the selection's cause has
// now: the engine knows codes.
func (a *API) byCause(s Selection, do many) many {
	if s.Cause == "" {
		return do
	}
	return func(ctx context.Context, shop string, f delivery.Filter, dry bool) (sum delivery.Acted, err error) {
		codes, err := a.Engine.StuckCodes(ctx, shop, f.Route, s.Cause)
		if err != nil {
			return sum, err
		}
		for _, code := range codes {
			f.Code = code
			acted, err := do(ctx, shop, f, dry)
			sum.Count += acted.Count
			sum.Verdicts = append(sum.Verdicts, acted.Verdicts...)
			if err != nil {
				return sum, err
			}
		}
		return sum, nil
	}
}

// checkCause refuses a cause that is none, or stands beside a code.
func (s *Selection) checkCause() error {
	switch {
	case s.Cause == "":
		return nil
	case s.Code != "":
		return order.Refuse("cause", order.Malformed, "stands beside a code")
	case !slices.Contains(cause.All(), s.Cause):
		return order.Refuse("cause", order.Malformed, "is no cause")
	}
	return nil
}

// Stuck returns what of a shop does not go on; route and cause narrow it.
func (c *Client) Stuck(ctx context.Context, shop, route string, why cause.Cause) (out Stuck, err error) {
	q := url.Values{}
	for name, value := range map[string]string{"route": route, "cause": string(why)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	to := path(shop, "stuck")
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	return out, c.call(ctx, http.MethodGet, to, nil, &out)
}
