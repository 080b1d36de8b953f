package deliveryhero

import (
	"strings"

	"github.com/ordermux/ordermux/internal/promotion"
)

// wirePromotion is the body of PUT …/promotion. There is no id: a promotion is
// found again by its names, vendors, start and end.
type wirePromotion struct {
	Vendors     []string          `json:"vendors"` // by either of their ids; ["*"]: every one
	Type        string            `json:"type"`
	Active      *bool             `json:"active,omitzero"` // not said: true
	Reason      string            `json:"reason"`
	DisplayName map[string]string `json:"display_name"` // by locale, "es_UY"
	Conditions  wireConditions    `json:"conditions"`
	Limits      *wireLimits       `json:"limits,omitzero"`
	Discount    []wireDiscount    `json:"discount"`
}

// wireConditions say when a promotion holds, and what a bundle is.
type wireConditions struct {
	Start      moment `json:"start_time"`
	End        moment `json:"end_time"`
	Purchased  int64  `json:"purchased_quantity,omitzero"`
	Discounted int64  `json:"discounted_quantity,omitzero"`
}

// wireLimits are how much a promotion may be used.
type wireLimits struct {
	Global              int64  `json:"global_limit,omitzero"`
	MaxDiscountPerOrder number `json:"max_discount_per_order,omitzero"`
	MaxItemsPerOrder    int64  `json:"max_items_per_order,omitzero"`
}

// wireDiscount gives SKUs a price, or takes them out.
type wireDiscount struct {
	SKU         []string `json:"sku"`
	Subtype     string   `json:"discount_subtype,omitzero"`
	Value       number   `json:"discount_value,omitzero"`
	Active      *bool    `json:"active,omitzero"` // not said: true; false: these are taken out
	MaxQuantity int64    `json:"max_quantity,omitzero"`
}

// everyVendor stands for all vendors of the chain, alone.
const everyVendor = "*"

// The states of a job.
const (
	jobQueued     = "QUEUED"
	jobInProgress = "IN_PROGRESS"
	jobCompleted  = "COMPLETED"
	jobFailed     = "FAILED"
	jobDuplicate  = "DUPLICATE"
)

var jobStatuses = map[promotion.JobState]string{
	promotion.Queued: jobQueued, promotion.InProgress: jobInProgress, promotion.Completed: jobCompleted, promotion.Failed: jobFailed,
	promotion.Duplicate: jobDuplicate,
}

// wirePromotionJob is how a job on promotions stands. Answers call the state
// job_status, webhooks status.
type wirePromotionJob struct {
	ID      string               `json:"job_id"`
	State   string               `json:"job_status,omitzero"`
	Status  string               `json:"status,omitzero"`
	ChainID string               `json:"chain_id,omitzero"` // in webhooks
	Created moment               `json:"created_at,omitzero"`
	Updated moment               `json:"updated_at,omitzero"`
	Result  *wirePromotionResult `json:"result,omitzero"` // once it is over
	Message string               `json:"message,omitzero"`
}

// wirePromotionResult lists what was refused, under the ids that the caller named.
type wirePromotionResult struct {
	InvalidVendors []string            `json:"invalid_vendors"`
	MissingSKUs    map[string][]string `json:"missing_skus"`
	InvalidSKUs    map[string][]string `json:"invalid_discounted_skus"`
}

// promotionWord is a word of the core's in the letters of the wire, and back.
func promotionWord[T ~string](w T) string { return strings.ToUpper(string(w)) }

func coreWord[T ~string](text string) T { return T(strings.ToLower(strings.TrimSpace(text))) }

func said(b *bool) bool { return b == nil || *b }

// header is what the body says beside vendors and SKUs.
func (w *wirePromotion) header() promotion.Header {
	h := promotion.Header{
		Names: w.DisplayName, Start: w.Conditions.Start.Time, End: w.Conditions.End.Time,
		Type: coreWord[promotion.Type](w.Type), Reason: coreWord[promotion.Reason](w.Reason),
		Bundle: promotion.Bundle{Purchased: w.Conditions.Purchased, Discounted: w.Conditions.Discounted},
	}
	if l := w.Limits; l != nil {
		h.Limits = promotion.Limits{Global: l.Global, MaxDiscountPerOrder: l.MaxDiscountPerOrder.Decimal, MaxItemsPerOrder: l.MaxItemsPerOrder}
	}
	return h
}

func (d *wireDiscount) terms() promotion.Terms {
	return promotion.Terms{Subtype: coreWord[promotion.Subtype](d.Subtype), Value: d.Value.Decimal, MaxQuantity: d.MaxQuantity}
}

// wirePromotionOf is the body that says what a request does; vendorOf is how the
// platform names a store. A name that has no language stands under locale.
func wirePromotionOf(r *promotion.Request, locale string, vendorOf func(store string) string) *wirePromotion {
	w := &wirePromotion{
		Type: promotionWord(r.Type), Reason: promotionWord(r.Reason), DisplayName: r.Names,
		Conditions: wireConditions{momentOf(r.Start.Time()), momentOf(r.End.Time()), r.Bundle.Purchased, r.Bundle.Discounted},
	}
	if len(w.DisplayName) == 0 {
		w.DisplayName = map[string]string{locale: r.Name}
	}
	for _, s := range r.Stores {
		if s != promotion.Every {
			s = vendorOf(s)
		}
		w.Vendors = append(w.Vendors, s)
	}
	if r.Inactive {
		w.Active = new(bool)
	}
	if l := r.Limits; l != (promotion.Limits{}) {
		w.Limits = &wireLimits{l.Global, number{l.MaxDiscountPerOrder}, l.MaxItemsPerOrder}
	}
	for i := range r.Discounts {
		d := &r.Discounts[i]
		one := wireDiscount{SKU: d.SKUs, Subtype: promotionWord(d.Subtype), Value: number{d.Value}, MaxQuantity: d.MaxQuantity}
		if d.Remove {
			one.Active = new(bool)
		}
		w.Discount = append(w.Discount, one)
	}
	return w
}
