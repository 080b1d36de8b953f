package deliveryhero

import (
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// sumsOf says what an order costs: its totals, or what its lines make where
// it has none.
func sumsOf(o *order.Order) wirePayment {
	w := wirePayment{Type: paidWord}
	if p := o.Payment; p != nil && p.Kind != "" && p.Kind != kindPrepaid {
		w.Type = loose(strings.ToUpper(p.Kind))
	}
	goods, postage, others := lineSums(o)
	w.SubTotal, w.DeliveryFee, w.OrderTotal = number{goods}, number{postage}, number{goods.Add(postage).Add(others)}
	t := o.Totals
	if t == nil {
		return w
	}
	for _, one := range []struct {
		to   *number
		said order.Money
	}{
		{&w.SubTotal, t.Goods}, {&w.DeliveryFee, t.Shipping}, {&w.ServiceFee, t.Service},
		{&w.Taxes, t.Tax}, {&w.Discount, t.Discount}, {&w.OrderTotal, t.Total},
	} {
		if one.said.IsSet() {
			*one.to = number{one.said}
		}
	}
	w.addAmounts(t.Other)
	return w
}

// lineSums adds up the lines of products, of postage and of all else.
func lineSums(o *order.Order) (goods, postage, others order.Money) {
	goods = order.FromInt(0, 0)
	for i := range o.Lines {
		l := &o.Lines[i]
		sum := lineSum(l)
		switch l.Kind {
		case order.LineProduct:
			goods = goods.Add(sum)
		case order.LinePostage:
			postage = postage.Add(sum)
		default:
			others = others.Add(sum)
		}
	}
	return goods, postage, others
}

// lineSum is what a line costs after its discount.
func lineSum(l *order.Line) order.Money {
	if l.Total.IsSet() {
		return l.Total
	}
	return l.UnitPrice.Mul(amountOf(l)).Sub(l.Discount)
}

// wireAmount is a named sum of a list.
type wireAmount struct {
	Name  string `json:"name"`
	Value number `json:"value"`
}

// addAmounts adds fees, discounts and vouchers, each in the shape seen of its
// member; that of vouchers is nowhere seen, and taken to be that of discounts.
func (w *wirePayment) addAmounts(list []order.Amount) {
	fees := map[string]number{}
	var discounts, vouchers []wireAmount
	for _, a := range list {
		name := a.Name
		if name == "" {
			name = a.Kind
		}
		switch a.Kind {
		case amountDiscount:
			discounts = append(discounts, wireAmount{name, number{a.Value}})
		case amountVoucher:
			vouchers = append(vouchers, wireAmount{name, number{a.Value}})
		case amountContainer:
			w.ContainerCharge = number{a.Value}
		case amountToMinimum:
			w.ToMinimum = number{a.Value}
		default:
			fees[name] = number{a.Value}
		}
	}
	if len(fees) > 0 {
		w.Fees = encoded(fees)
	}
	if len(discounts) > 0 {
		w.Discounts = encoded(discounts)
	}
	if len(vouchers) > 0 {
		w.Vouchers = encoded(vouchers)
	}
}

// encoded writes what can always be written.
func encoded(v any) order.Raw {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}
