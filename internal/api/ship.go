package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

// Shipment says that a parcel of an order is on its way.
type Shipment struct {
	Parcel  string     `json:"parcel"`           // its number
	Courier string     `json:"courier,omitzero"` // key, name or number of one; default the order's
	At      order.Time `json:"at,omitzero"`      // when it left; default now
	Lines   []string   `json:"lines,omitzero"`   // ids of the lines that are in it; none: all
	DryRun  bool       `json:"dry_run,omitzero"`
}

// Shipped is what became of a Shipment.
type Shipped struct {
	Order  string       `json:"order"`
	Result string       `json:"result"` // "new", "known", "dry_run"
	Parcel order.Parcel `json:"parcel"`
	Seq    int64        `json:"seq,omitzero"` // of a new one, in the shop's ledger
}

// shipper is the source of what people say of parcels. It is one for all of
// them: who says so twice has said it once.
var shipper = order.Source{Name: "shipping", Rank: order.RankShop}

// shipOrder says that a parcel of an order is on its way.
func (a *API) shipOrder(r *request) (any, error) {
	var in Shipment
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	s, err := a.state(r, id)
	if err != nil {
		return nil, err
	}
	if known := parcelOf(s, in.Parcel); known != nil {
		return Shipped{Order: id, Result: "known", Parcel: *known}, nil
	}
	h, err := a.shippedBy(r, &in, s)
	if err != nil {
		return nil, err
	}
	out := Shipped{Order: id, Result: "dry_run", Parcel: *h.Parcel}
	if in.DryRun {
		return out, nil
	}
	receipts, err := a.Ledger.Append(r.Context(), r.shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: shipper, Happening: h,
	}})
	if err != nil {
		return nil, err
	}
	out.Result, out.Seq = "new", receipts[0].Seq
	if receipts[0].Known {
		out.Result = "known"
	}
	a.record(r, "ship", "order "+id, "")
	return out, nil
}

// parcelOf returns what is known of a parcel; nil: nothing.
func parcelOf(s *ledger.State, number string) *order.Parcel {
	if o := s.Merged.Order; o != nil && o.Shipping != nil && number != "" {
		for i, p := range o.Shipping.Parcels {
			if p.Number == number {
				return &o.Shipping.Parcels[i]
			}
		}
	}
	return nil
}

// shippedBy makes the happening of a shipment.
func (a *API) shippedBy(r *request, in *Shipment, s *ledger.State) (*order.Happening, error) {
	var bad order.Invalid
	refuse := func(path string, code order.FaultCode, reason string) {
		bad.Faults = append(bad.Faults, order.Fault{Path: path, Code: code, Reason: reason})
	}
	switch {
	case in.Parcel == "":
		refuse("parcel", order.Required, "is the parcel's number, and needed")
	case strings.TrimSpace(in.Parcel) != in.Parcel || len(in.Parcel) > order.MaxID:
		refuse("parcel", order.Malformed, fmt.Sprintf("must be at most %d bytes, without blanks around it", order.MaxID))
	}
	h := &order.Happening{Kind: order.KindShipped, At: in.At, Ref: "parcel " + in.Parcel}
	if h.At.IsZero() {
		h.At = order.At(a.Now())
	}
	for i, line := range in.Lines {
		if !hasLine(s.Merged.Order, line) {
			refuse(fmt.Sprintf("lines[%d]", i), order.Malformed, "is no line of this order")
		}
		h.Lines = append(h.Lines, order.Line{ID: line})
	}
	h.Parcel = &order.Parcel{Number: in.Parcel, ShippedAt: h.At, Lines: in.Lines}
	if reason := a.carry(r.shop, in.Courier, s.Merged.Order, h.Parcel); reason != "" {
		refuse("courier", order.Malformed, reason)
	}
	if len(bad.Faults) > 0 {
		return nil, &bad
	}
	return h, nil
}

func hasLine(o *order.Order, id string) bool {
	return o == nil || slices.ContainsFunc(o.Lines, func(l order.Line) bool { return l.ID == id })
}

// carry says who carries a parcel, and where it is followed. The order's own
// word for a courier stands where the shop has none of that name; a person's
// must be one of the shop's, if it has any.
func (a *API) carry(shop, given string, o *order.Order, p *order.Parcel) (fault string) {
	var list []shipping.Courier
	if a.Operator.Couriers != nil {
		list, _ = a.Operator.Couriers(shop)
	}
	p.Courier = given
	if given == "" && o != nil && o.Shipping != nil {
		p.Courier = o.Shipping.Courier
	}
	if p.Courier == "" {
		return ""
	}
	c, ok := shipping.Find(list, p.Courier)
	switch {
	case ok:
		p.Courier, p.TrackingURL = c.Name, c.TrackingURL(p.Number)
	case given != "" && len(list) > 0:
		return "is no courier of this shop; it has " + courierKeys(list)
	}
	return ""
}

func courierKeys(list []shipping.Courier) string {
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = list[i].Key
	}
	return strings.Join(keys, ", ")
}
