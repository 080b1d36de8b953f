package idosell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// connect logs in and asks who the wholesaler is and who carries for it:
// nothing is left there.
func (r *route) connect(ctx context.Context) (string, error) {
	v, _, o := r.ask(ctx, opSupplierData, soap.Value{}, true)
	if o != nil {
		return "", errors.New(o.Reason + " (" + o.Code + ")")
	}
	list, o := r.fetchCouriers(ctx)
	if o != nil {
		return "", errors.New("logged in, but its couriers can not be had: " + o.Reason + " (" + o.Code + ")")
	}
	said := fmt.Sprintf("logged in at %s, whose couriers are %s",
		cmp.Or(partner.Words(clean(v.At("supplierName").Text())), "the wholesaler"), called(list))
	var gone []string
	for _, m := range r.opts.mapping(list) {
		if m.Gone {
			gone = append(gone, fmt.Sprintf("%s that couriers names for %q", m.Courier, m.Method))
		}
	}
	if gone != nil {
		return "", fmt.Errorf("%s, but not %s", said, strings.Join(gone, ", not "))
	}
	return said, nil
}

// render shows what would be put into the basket and ordered, in the words of
// the sheet; the courier is chosen of those that are offered then.
func (r *route) render(t partner.Task) ([]byte, error) {
	if t.Order == nil {
		return nil, errors.New("nobody has stated this order")
	}
	p := outgoing{r: r, task: &t}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	params := r.opts.placeParamsOf(t.Order, externalOf(t.Order.ID, ""), p.address)
	if id := r.opts.courierFor(t.Order.Shipping); id > 0 {
		params = append(params, member("courierId", number(int64(id))))
	}
	body := soap.AppendJSON(nil, soap.ObjectOf(
		member(opBasketImport, soap.ObjectOf(member("products", productsOf(p.products)))),
		member(opPlaceOrder, soap.ObjectOf(params...))), nil)
	return json.Compact(body)
}
