package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

// promotionForm is what was typed of a promotion.
type promotionForm struct {
	Name, Language          string
	Start, End              string // as a field of day and time has it, in the shop's zone
	Type, Reason            string
	Purchased, Discounted   string
	Stores                  string // one a line
	Discounts               [3]discountForm
	Global, Items, Discount string // limits
}

type discountForm struct {
	SKUs, Subtype, Value, Most string
	Number                     int // from 1
}

// Typed reports whether anything was typed into its fields; what kind of value
// it is, is always chosen.
func (d discountForm) Typed() bool { return strings.TrimSpace(d.SKUs+d.Value+d.Most) != "" }

// promotionFormPage shows it.
type promotionFormPage struct {
	promotionForm
	Types    []promotion.Type
	Reasons  []promotion.Reason
	Subtypes []promotion.Subtype
	Refused  *refusal
}

// minute is how a field of day and time is written.
const minute = "2006-01-02T15:04"

func (c *Console) newPromotion(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	zone := zoneOf(shop)
	tomorrow := v.c.Now().In(zone).AddDate(0, 0, 1)
	day := time.Date(tomorrow.Year(), tomorrow.Month(), tomorrow.Day(), 0, 0, 0, 0, zone)
	f := promotionForm{
		Start: day.Format(minute), End: day.AddDate(0, 0, 7).Format(minute), Type: string(promotion.Strikethrough), Reason: string(promotion.Trading),
	}
	if from := v.URL.Query().Get("from"); from != "" {
		p, err := v.findPromotion(from)
		if err != nil {
			return err
		}
		f = formOf(p.Promotion, p.Stores, zone)
	}
	return v.showPromotionForm(promotionFormPage{promotionForm: f})
}

func (v *visit) showPromotionForm(p promotionFormPage) error {
	p.Types = []promotion.Type{promotion.Strikethrough, promotion.SameItemBundle}
	p.Reasons = []promotion.Reason{
		promotion.Trading, promotion.Overstock, promotion.Delisting, promotion.Competitiveness, promotion.ExpiringSoon, promotion.NMR,
	}
	p.Subtypes = []promotion.Subtype{promotion.FinalPrice, promotion.Percentage, promotion.Absolute}
	for i := range p.Discounts {
		p.Discounts[i].Number = i + 1
	}
	return v.show(p.Refused.status(), "promotion-form", "promotions.new", p)
}

// formOf fills the form in with a promotion. Its SKUs are not told.
func formOf(p *promotion.Promotion, stores []string, zone *time.Location) promotionForm {
	f := promotionForm{
		Name: p.Name, Start: p.Start.Time().In(zone).Format(minute), End: p.End.Time().In(zone).Format(minute), Type: string(p.Type), Reason: string(p.Reason),
		Stores: strings.Join(stores, "\n"), Purchased: whole(p.Bundle.Purchased), Discounted: whole(p.Bundle.Discounted),
		Global: whole(p.Limits.Global), Items: whole(p.Limits.MaxItemsPerOrder), Discount: p.Limits.MaxDiscountPerOrder.String(),
	}
	for language, name := range p.Names {
		if f.Name == "" || language < f.Language {
			f.Language, f.Name = language, name
		}
	}
	if p.Every {
		f.Stores = promotion.Every
	}
	return f
}

// whole writes a number; 0: nothing.
func whole(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func (c *Console) putPromotion(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	f := v.promotionForm()
	r, err := f.request(zoneOf(shop))
	if err == nil {
		done, failed := v.hub.PutPromotion(v.Context(), shop.ID, r)
		if failed == nil {
			return v.show(http.StatusOK, "promoted", "promotions.title", promotedPage{done, titleOf(&r.Header, v.lang), false})
		}
		err = failed
	}
	if refused := refusalOf(err); refused != nil {
		return v.showPromotionForm(promotionFormPage{promotionForm: f, Refused: refused})
	}
	return err
}

func (v *visit) promotionForm() promotionForm {
	f := promotionForm{
		Name: v.typed("name"), Language: v.typed("language"), Start: v.typed("start"), End: v.typed("end"), Type: v.typed("type"), Reason: v.typed("reason"),
		Purchased: v.typed("purchased"), Discounted: v.typed("discounted"), Stores: v.PostFormValue("stores"),
		Global: v.typed("global"), Items: v.typed("items"), Discount: v.typed("discount"),
	}
	next := 0 // what is left empty between others moves up: refusals count those that are given
	for i := range f.Discounts {
		n := strconv.Itoa(i)
		d := discountForm{SKUs: v.PostFormValue("skus" + n), Subtype: v.typed("subtype" + n), Value: v.typed("value" + n), Most: v.typed("most" + n)}
		if i == 0 || d.Typed() {
			f.Discounts[next] = d
			next++
		}
	}
	return f
}

// request is what the form says. Errors: *order.Invalid, for what is no number
// or no time; everything else is the API's to judge.
func (f *promotionForm) request(zone *time.Location) (*promotion.Request, error) {
	read := &reading{zone: zone}
	r := &promotion.Request{
		Header: promotion.Header{
			Start: read.time("start", f.Start), End: read.time("end", f.End), Type: promotion.Type(f.Type), Reason: promotion.Reason(f.Reason),
			Limits: promotion.Limits{
				Global: read.number("limits.global", f.Global), MaxItemsPerOrder: read.number("limits.max_items_per_order", f.Items),
				MaxDiscountPerOrder: read.decimal("limits.max_discount_per_order", f.Discount),
			},
		},
		Stores: lines(f.Stores),
	}
	if r.Name = f.Name; f.Language != "" {
		r.Name, r.Names = "", map[string]string{f.Language: f.Name}
	}
	if r.Type == promotion.SameItemBundle {
		r.Bundle = promotion.Bundle{Purchased: read.number("bundle.purchased", f.Purchased), Discounted: read.number("bundle.discounted", f.Discounted)}
	}
	for i, d := range f.Discounts {
		if i > 0 && !d.Typed() {
			continue
		}
		path := fmt.Sprintf("discounts[%d].", i)
		r.Discounts = append(r.Discounts, promotion.Discount{SKUs: lines(d.SKUs), Terms: promotion.Terms{
			Subtype: promotion.Subtype(d.Subtype), Value: read.decimal(path+"value", d.Value), MaxQuantity: read.number(path+"max_quantity", d.Most),
		}})
	}
	return r, read.err()
}

// reading reads fields, and collects what is wrong with them. Empty fields are
// values that are not set.
type reading struct {
	zone *time.Location
	bad  order.Invalid
}

func (r *reading) refuse(path, reason string) {
	r.bad.Faults = append(r.bad.Faults, order.Fault{Path: path, Code: order.Malformed, Reason: reason})
}

func (r *reading) err() error {
	if len(r.bad.Faults) == 0 {
		return nil
	}
	return &r.bad
}

func (r *reading) time(path, s string) order.Time {
	if s == "" {
		return order.Time{}
	}
	t, err := time.ParseInLocation(minute, s, r.zone)
	if err != nil {
		r.refuse(path, "is no day and time such as 2026-05-31T09:30")
		return order.Time{}
	}
	return order.At(t)
}

func (r *reading) number(path, s string) int64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		r.refuse(path, "is no whole number")
	}
	return n
}

// decimal takes a comma for a point: that is how most of us write prices.
func (r *reading) decimal(path, s string) order.Decimal {
	if s == "" {
		return order.Decimal{}
	}
	d, err := order.ParseDecimal(strings.Replace(s, ",", ".", 1))
	if err != nil {
		r.refuse(path, "is no number such as 12.50")
	}
	return d
}
