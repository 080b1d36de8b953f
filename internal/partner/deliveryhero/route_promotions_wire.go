package deliveryhero

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// bodyOfRequest is the body of a request for outlets that the platform names
// so, with what the body before said of SKUs that the request does not name:
// the platform wants the same body again with what is changed in it. before may
// be nil.
func bodyOfRequest(r *promotion.Request, vendors []string, locale string, before *wirePromotion) *wirePromotion {
	w := wirePromotionOf(r, locale, func(store string) string { return store })
	w.Vendors = vendors
	for i := range w.Discount {
		if d := &w.Discount[i]; !said(d.Active) { // of what is taken out nothing else is said
			*d = wireDiscount{SKU: d.SKU, Active: d.Active}
		}
	}
	seen := make(map[string]bool, w.skus())
	entries := notSeen(w.Discount, seen)
	if before != nil {
		entries = append(notSeen(before.Discount, seen), entries...)
	}
	w.Discount = entries
	return w
}

// notSeen are the entries for SKUs that are new in seen, and adds those. Of
// entries that name the same SKU the last one has it.
func notSeen(list []wireDiscount, seen map[string]bool) []wireDiscount {
	entries := make([]wireDiscount, 0, len(list))
	for _, e := range slices.Backward(list) {
		skus := make([]string, 0, len(e.SKU))
		for _, sku := range e.SKU {
			if !seen[sku] {
				seen[sku] = true
				skus = append(skus, sku)
			}
		}
		if e.SKU = skus; len(skus) > 0 {
			entries = append(entries, e)
		}
	}
	slices.Reverse(entries)
	return entries
}

// skus counts the SKUs of a body.
func (w *wirePromotion) skus() (n int) {
	for i := range w.Discount {
		n += len(w.Discount[i].SKU)
	}
	return n
}

// identity is what the platform finds a promotion again by: names, outlets,
// start and end.
func (w *wirePromotion) identity() ([]byte, error) {
	vendors := slices.Compact(slices.Sorted(slices.Values(w.Vendors)))
	return json.Marshal([]any{w.DisplayName, vendors, w.Conditions.Start, w.Conditions.End})
}

// jobAnswer is what the platform says of a promotion's job: the answer to PUT,
// that to GET and, as far as anybody knows, the webhook, which has the state
// under another name and may have the lists beside it.
type jobAnswer struct {
	ID        loose
	JobStatus string
	Status    string
	// Lists are what a job did not take, each as it came: {"invalid_vendors",
	// "missing_skus", "invalid_discounted_skus"}, the two of SKUs by outlet.
	Lists []map[string]json.Value
}

// readJobAnswer reads an answer about a job. What is odd about its lists is
// passed over: nobody may rely on them.
func readJobAnswer(body []byte) (*jobAnswer, error) {
	var members map[string]json.Value
	if err := json.UnmarshalInput(body, &members); err != nil {
		return nil, err
	}
	text := func(name string) string {
		t, _ := looseText(members[name])
		return t
	}
	a := &jobAnswer{
		ID: loose(text("job_id")), JobStatus: text("job_status"), Status: text("status"),
		Lists: []map[string]json.Value{members},
	}
	var result map[string]json.Value
	if raw := members["result"]; len(raw) > 0 && json.Unmarshal(raw, &result) == nil {
		a.Lists = append(a.Lists, result)
	}
	return a, nil
}

// state is where the job stands; "": the answer says nothing of it.
func (a *jobAnswer) state() partner.JobState {
	switch strings.ToUpper(strings.TrimSpace(cmp.Or(a.JobStatus, a.Status))) {
	case "":
		return ""
	case jobCompleted:
		return partner.JobCompleted
	case jobFailed:
		return partner.JobFailed
	case jobDuplicate:
		return partner.JobDuplicate
	case jobInProgress:
		return partner.JobInProgress
	default: // QUEUED, and what nobody knows: it is not over
		return partner.JobQueued
	}
}

// The reasons of what a promotion's job refused.
const (
	whyVendor  = "the platform has no such outlet of the chain"
	whyMissing = "not in the outlet's catalogue, or not active there"
	whyInvalid = "the discount is refused: the price is not lower than the regular one"
	whyOutside = "no outlet of this route"
)

// items are what was refused, outlets named as the shop names them, and how
// many pairs of an outlet and a SKU that is.
func (a *jobAnswer) items(storeOf func(string) string, skus int64) (items []partner.JobItem, pairs int64) {
	for _, lists := range a.Lists {
		var vendors []loose
		if raw := lists["invalid_vendors"]; len(raw) > 0 && json.Unmarshal(raw, &vendors) == nil {
			for _, v := range vendors {
				items = append(items, partner.JobItem{Store: storeOf(string(v)), Reason: whyVendor})
				pairs += skus
			}
		}
		missing := refusedSKUs(lists["missing_skus"], storeOf, whyMissing)
		invalid := refusedSKUs(lists["invalid_discounted_skus"], storeOf, whyInvalid)
		items = append(append(items, missing...), invalid...)
		pairs += int64(len(missing) + len(invalid))
	}
	return items, pairs
}

// refusedSKUs reads a list of SKUs by outlet, or a bare list of SKUs; of
// anything else nothing.
func refusedSKUs(raw json.Value, storeOf func(string) string, reason string) (items []partner.JobItem) {
	add := func(store string, skus []loose) {
		for _, sku := range skus {
			items = append(items, partner.JobItem{Store: store, SKU: string(sku), Reason: reason})
		}
	}
	var by map[string][]loose
	var bare []loose
	switch {
	case len(raw) == 0:
	case json.Unmarshal(raw, &by) == nil:
		for _, vendor := range slices.Sorted(maps.Keys(by)) {
			add(storeOf(vendor), by[vendor])
		}
	case json.Unmarshal(raw, &bare) == nil:
		add("", bare)
	}
	return items
}
