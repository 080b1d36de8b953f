package console

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

func (c *Console) promotionsPlaces() []place {
	const list = "/shops/{shop}/promotions"
	put := []string{"PUT /shops/{shop}/promotions"}
	return []place{
		{at: "GET " + list, do: c.promotions},
		{at: "POST " + list, do: c.putPromotion, calls: put},
		{at: "GET " + list + "/new", do: c.newPromotion},
		{at: "GET " + list + "/{promotion}", do: c.promotion},
		{at: "POST " + list + "/{promotion}", do: c.endPromotion, calls: put},
		{at: "GET " + list + "/jobs/{job}", do: c.promotionJob},
		{at: "GET " + list + "/routes/{route}/{job}", do: c.routePromotionJob},
	}
}

// promotionsPage is what a shop sells for less: now, later, and what became of
// what was asked for.
type promotionsPage struct {
	Promotions []promotionRow
	Plan       *promotionPlan
	More       string
	Jobs       []promotionJob
	Routes     []routePromotion
	Changes    []promotionChange
	Shown      *shownPage
}

type promotionRow struct {
	promotion.Promotion
	Title string
}

// promotionJob is a job of the shop's own promotions.
type promotionJob struct{ promotion.Job }

// RefusedPairs counts pairs of a store and a SKU.
func (j promotionJob) RefusedPairs() int64 { return j.Result.Missing + j.Result.Invalid }

type promotionChange struct {
	promotion.Change
	Title string
}

// routePromotion is a job by which a route tells its partner of a promotion.
type routePromotion struct {
	Route string
	partner.Job
}

// shownPage is what a customer of a store sees.
type shownPage struct {
	Store, SKUs string // as typed
	List        []promotion.Shown
	Refused     *refusal
}

const (
	promotionsShown = 25
	jobsShown       = 10
	changesShown    = 20
)

func (c *Console) promotions(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(v.URL.Query().Get("before"), 10, 64)
	list, err := v.hub.Promotions(v.Context(), shop.ID, max(before, 0), promotionsShown)
	if err != nil {
		return err
	}
	p := promotionsPage{}
	for _, one := range list.Promotions {
		p.Promotions = append(p.Promotions, promotionRow{one, titleOf(&one.Header, v.lang)})
	}
	if list.Next > 0 {
		p.More = v.URL.Path + "?before=" + strconv.FormatInt(list.Next, 10)
	}
	p.Plan = planOf(p.Promotions, v.c.Now(), zoneOf(shop))
	jobs, err := v.hub.PromotionJobs(v.Context(), shop.ID, 0, jobsShown)
	if err != nil {
		return err
	}
	for _, j := range jobs.Jobs {
		p.Jobs = append(p.Jobs, promotionJob{j})
	}
	if p.Routes, err = v.routePromotions(shop); err != nil {
		return err
	}
	changes, err := v.hub.PromotionTimeline(v.Context(), shop.ID, 0, changesShown)
	if err != nil {
		return err
	}
	for _, one := range changes.Changes {
		row := promotionChange{Change: one}
		if one.Promotion != nil {
			row.Title = titleOf(&one.Promotion.Header, v.lang)
		}
		p.Changes = append(p.Changes, row)
	}
	if v.live == nil {
		if p.Shown, err = v.shownPromotions(shop.ID); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "promotions", "promotions.title", p)
}

// titleOf is a promotion's name in a language, or in another one.
func titleOf(h *promotion.Header, lang string) string {
	if h.Name != "" {
		return h.Name
	}
	for _, key := range slices.Sorted(maps.Keys(h.Names)) {
		if strings.HasPrefix(key, lang) {
			return h.Names[key]
		}
	}
	for _, key := range slices.Sorted(maps.Keys(h.Names)) {
		return h.Names[key]
	}
	return ""
}

// routePromotions are the newest jobs of each route about promotions.
func (v *visit) routePromotions(shop api.Shop) (out []routePromotion, err error) {
	for _, r := range shop.Routes {
		list, err := v.hub.Jobs(v.Context(), shop.ID, api.JobsOf{Route: r.Name}, api.ListOptions{Limit: jobsShown})
		var problem *api.Problem
		if errors.As(err, &problem) && problem.Status < 500 {
			continue // a route without jobs
		}
		if err != nil {
			return nil, err
		}
		for _, j := range list.Jobs {
			if j.Kind == partner.JobPromotion {
				out = append(out, routePromotion{r.Name, j})
			}
		}
	}
	return out, nil
}

// shownPromotions answers the form of the page; nil: nobody asked.
func (v *visit) shownPromotions(shop string) (*shownPage, error) {
	q := v.URL.Query()
	p := &shownPage{Store: strings.TrimSpace(q.Get("store")), SKUs: q.Get("skus")}
	skus := words(p.SKUs)
	if p.Store == "" && len(skus) == 0 {
		return p, nil
	}
	shown, err := v.hub.ShownPromotions(v.Context(), shop, p.Store, skus, time.Time{})
	if p.Refused = refusalOf(err); p.Refused != nil {
		return p, nil
	}
	p.List = shown.Shown
	return p, err
}

// words are what stands in a field with blanks, commas or line ends between.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}

// lines are the lines of a field that say something.
func lines(s string) (out []string) {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// promotionPage is one promotion with its stores.
type promotionPage struct {
	promotionRow
	Stores []string
	Cut    int // stores that are not listed
}

// mostListed bounds lists on a page; whoever needs all of one has the API.
const mostListed = 200

func (c *Console) promotion(v *visit) error {
	p, err := v.findPromotion(v.PathValue("promotion"))
	if err != nil {
		return err
	}
	page := promotionPage{promotionRow: promotionRow{*p.Promotion, titleOf(&p.Promotion.Header, v.lang)}, Stores: p.Stores}
	if page.Cut = max(len(p.Stores)-mostListed, 0); page.Cut > 0 {
		page.Stores = p.Stores[:mostListed]
	}
	return v.show(http.StatusOK, "promotion", "promotions.title", page)
}

func (v *visit) findPromotion(id string) (api.PromotionDetail, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return api.PromotionDetail{}, &api.Problem{Status: http.StatusNotFound}
	}
	return v.hub.Promotion(v.Context(), v.PathValue("shop"), number)
}

// Open reports whether it can be ended before its time.
func (p promotionPage) Open() bool {
	return p.State == promotion.Planned || p.State == promotion.Running
}

// promotedPage is where a promotion was handed in.
type promotedPage struct {
	api.Promoted
	Title string
	Ends  bool
}

// endPromotion says it again, as one that is over.
func (c *Console) endPromotion(v *visit) error {
	p, err := v.findPromotion(v.PathValue("promotion"))
	if err != nil {
		return err
	}
	r := &promotion.Request{Header: p.Promotion.Header, Stores: p.Stores, Inactive: true}
	if p.Promotion.Every {
		r.Stores = []string{promotion.Every}
	}
	done, err := v.hub.PutPromotion(v.Context(), v.PathValue("shop"), r)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "promoted", "promotions.title", promotedPage{done, titleOf(&r.Header, v.lang), true})
}

// promotionJobPage is a job of the shop's own promotions with what it refused.
type promotionJobPage struct {
	promotionJob
	Refused []refusedSKU
	Cut     bool
}

type refusedSKU struct{ Store, SKU, Why string }

func (c *Console) promotionJob(v *visit) error {
	job, err := v.hub.PromotionJob(v.Context(), v.PathValue("shop"), v.PathValue("job"))
	if err != nil {
		return err
	}
	p := promotionJobPage{promotionJob: promotionJob{job}}
	for _, store := range job.Result.InvalidStores {
		p.Refused = append(p.Refused, refusedSKU{Store: store, Why: "promotions.why.store"})
	}
	list := func(of map[string][]string, why string) {
		for _, store := range slices.Sorted(maps.Keys(of)) {
			for _, sku := range of[store] {
				p.Refused = append(p.Refused, refusedSKU{store, sku, why})
			}
		}
	}
	list(job.Result.MissingSKUs, "promotions.why.missing")
	list(job.Result.InvalidSKUs, "promotions.why.invalid")
	if p.Cut = len(p.Refused) > mostListed || job.Result.Cut(); len(p.Refused) > mostListed {
		p.Refused = p.Refused[:mostListed]
	}
	return v.show(http.StatusOK, "promotion-job", "promotions.title", p)
}

func (c *Console) routePromotionJob(v *visit) error {
	job, err := v.hub.Job(v.Context(), v.PathValue("shop"), api.JobsOf{Route: v.PathValue("route")}, v.PathValue("job"))
	if err != nil {
		return err
	}
	if len(job.Items) > mostListed {
		job.Items, job.Cut = job.Items[:mostListed], true
	}
	return v.show(http.StatusOK, "route-job", "promotions.title", routePromotion{v.PathValue("route"), job})
}
