package deliveryhero

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// sentCatalog is the body of an update of an outlet's catalogue.
type sentCatalog struct {
	Products []sentProduct `json:"products"`
}

// sentProduct is what the route says of a product. What is not there stays as
// the platform has it.
type sentProduct struct {
	SKU      string     `json:"sku"`
	Price    json.Value `json:"price,omitzero"`
	Active   bool       `json:"active"`
	Quantity *int64     `json:"quantity,omitzero"`
	Most     int64      `json:"maximum_sales_quantity,omitzero"`
}

// sentOffer is what is said of an offer, in the platform's currency; why says
// what of it could not be. active and quantity are never at odds: what is not
// sold has none, and of what has none nothing is sold.
func sentOffer(o *catalog.Offer, currency string, quantities bool) (p sentProduct, why string) {
	p = sentProduct{SKU: skuOf(&o.Product.Product), Active: o.Active, Most: o.Most}
	price := cutDecimals(o.Price)
	switch {
	case !o.Price.IsSet():
	case o.Currency != "" && o.Currency != currency:
		why = fmt.Sprintf("price: it is in %s, the platform's are in %s", o.Currency, currency)
	case price.Sign() <= 0:
		why = "price: it is not above 0"
	default:
		p.Price = price.AppendNumber(nil)
	}
	if n, ok := wholeStock(o.Product); ok && quantities {
		p.Active = p.Active && n > 0
		if !p.Active {
			n = 0
		}
		p.Quantity = &n
	}
	return p, why
}

// gone is what is said of a product that is sold no more.
func gone(sku string, quantities bool) sentProduct {
	p := sentProduct{SKU: sku}
	if quantities {
		p.Quantity = new(int64)
	}
	return p
}

// mostDecimals is how many decimals the platform keeps (catalogue FAQ, seen
// 2026: the rest is cut).
const mostDecimals = 3

// cutDecimals cuts what the platform would cut.
func cutDecimals(d order.Money) order.Money {
	if d.Scale() <= mostDecimals {
		return d
	}
	cut := d.Round(mostDecimals)
	if cut.Cmp(d) > 0 {
		cut = cut.Sub(order.FromInt(1, mostDecimals))
	}
	return cut
}

// wholeStock is how many whole units of a product can be sold; false: the
// catalogue does not say, because it has no stock of it or somebody else does.
func wholeStock(p *catalog.Product) (int64, bool) {
	if p.Kind == catalog.Live || len(p.Stock) == 0 {
		return 0, false
	}
	free := p.OnHand()
	if p.Buffer.IsSet() {
		free = free.Sub(p.Buffer)
	}
	whole := free.Round(0)
	if whole.Cmp(free) > 0 {
		whole = whole.Sub(order.FromInt(1, 0))
	}
	n, ok := whole.Int64()
	return max(n, 0), ok
}

// batchAnswer is what the platform says of a batch's job: the answer to PUT,
// that to GET, and the webhook, which has the state under another name.
type batchAnswer struct {
	ID        loose  `json:"job_id"`
	JobStatus string `json:"job_status"`
	Status    string `json:"status"`
	Code      loose  `json:"code"`
	Message   loose  `json:"message"`
	Result    struct {
		Feedback   []itemFeedback `json:"item_level_feedback"`
		Duplicated []loose        `json:"duplicated_products"`
	} `json:"result"`
}

type itemFeedback struct {
	SKU     loose  `json:"sku"`
	Status  string `json:"status"`
	Reasons []struct {
		Data   json.Value `json:"rejected_data"`
		Reason loose      `json:"rejected_reason"`
	} `json:"rejection_reasons"`
}

// refused reports whether the platform did not take the product. Its words for
// the status are not documented (seen 2026), so reasons count before them.
func (f *itemFeedback) refused() bool {
	if len(f.Reasons) > 0 {
		return true
	}
	word := strings.ToUpper(f.Status)
	for _, bad := range []string{"REJECT", "FAIL", "ERROR", "INVALID"} {
		if strings.Contains(word, bad) {
			return true
		}
	}
	return false
}

// why are the reasons, each "what: why".
func (f *itemFeedback) why() string {
	var all []string
	for _, r := range f.Reasons {
		var what loose
		if json.Unmarshal(r.Data, &what) != nil {
			what = loose(r.Data)
		}
		if what != "" && r.Reason != "" {
			what += ": "
		}
		all = append(all, partner.Words(printable(string(what+r.Reason))))
	}
	return cmp.Or(strings.Join(all, "; "), partner.Words(printable(f.Status)), "refused without a reason")
}

// readBatch makes of an answer how a batch stands (jobKind.read).
func readBatch(one *routeJob, body []byte) error {
	var a batchAnswer
	if err := json.UnmarshalInput(body, &a); err != nil {
		return fmt.Errorf("answer about a job: %w", err)
	}
	var own batchJob
	if err := json.Unmarshal(one.Open.Own, &own); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	job := &one.Job
	switch word := strings.ToUpper(cmp.Or(a.JobStatus, a.Status)); word {
	case "":
		return fmt.Errorf("the answer about a job says nothing of its state")
	case jobCompleted, jobDuplicate:
		own.finish(job, a.refusals(own.Gone))
	case jobFailed:
		job.State = partner.JobFailed
		job.Reason = partner.Words(printable(strings.TrimSpace(cmp.Or(string(a.Code+" "+a.Message), "no explanation given"))))
	case jobInProgress:
		job.State = partner.JobInProgress
	default: // queued, and what nobody knows: it is not over
		job.State = partner.JobQueued
	}
	return nil
}

// sentTwice is the reason of an item that is no refusal.
const sentTwice = "stands twice in the request"

// refusals are the products that were refused, and those that stood twice; but
// for those that were only told to be gone: an outlet that never had them has
// nothing to end.
func (a *batchAnswer) refusals(gone []string) []partner.JobItem {
	passed := map[string]bool{}
	for _, sku := range gone {
		passed[sku] = true
	}
	var items []partner.JobItem
	for i := range a.Result.Feedback {
		f := &a.Result.Feedback[i]
		if sku := string(f.SKU); f.refused() && !passed[sku] {
			passed[sku] = true
			items = append(items, partner.JobItem{SKU: sku, Reason: f.why()})
		}
	}
	for _, sku := range a.Result.Duplicated {
		items = append(items, partner.JobItem{SKU: string(sku), Reason: sentTwice})
	}
	return items
}

// finish is the end of a batch that the platform took, with what it refused.
func (own *batchJob) finish(job *partner.Job, refused []partner.JobItem) {
	n := int64(0)
	for i := range refused {
		refused[i].Store = job.Store
		if refused[i].Reason != sentTwice {
			n++
		}
	}
	job.State = partner.JobCompleted
	job.Refused = n + own.Left.Count
	job.Taken = max(own.Count-n, 0)
	job.Items = append(refused, own.Left.Items...)
	job.Cut = own.Left.Count > int64(len(own.Left.Items))
}
