package idosell

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// The words of an answer about a basket.
const (
	resultOK    = "OK"
	resultError = "ERROR"
	yes, no     = "y", "n"
)

// available says what could be had of items now; the session's own reservation
// counts. A line that nobody could decide on makes it fault 199.
func (d *door) available(ctx context.Context, c *call, items []item, fresh bool) ([]catalog.Availability, error) {
	list, err := d.deps.Stock.Available(ctx, c.account.Shop, linesOf(items), reservation(c.session), fresh)
	if bad := (*order.Invalid)(nil); errors.As(err, &bad) {
		return nil, refused(bad)
	}
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Reason == catalog.Undecided {
			return nil, &fault{code: codeInternal, path: items[i].path(i), text: "the stock could not be asked for; please try again"}
		}
	}
	return list, nil
}

// all reports whether every line can be had in full.
func all(list []catalog.Availability) bool {
	for i := range list {
		if list[i].Reason != "" {
			return false
		}
	}
	return true
}

// lineCode is the code of a line that can not be had.
func lineCode(r catalog.Reason) faultCode {
	switch r {
	case "":
		return codeOK
	case catalog.Unknown, catalog.Ambiguous:
		return codeProduct
	case catalog.Undecided:
		return codeInternal
	}
	return codeStock
}

// rows tell what could be had, line by line.
func rows(c *call, items []item, list []catalog.Availability, more func(i int) []soap.Member) soap.Value {
	out := make([]soap.Value, len(items))
	for i, it := range items {
		a, can := &list[i], yes
		code := lineCode(a.Reason)
		if code != codeOK {
			can = no
		}
		free := a.Free
		if !free.IsSet() || free.Sign() < 0 {
			if free = order.FromInt(0, 0); code == codeOK {
				free = it.Quantity
			}
		}
		members := []soap.Member{
			member("code", soap.TextOf(it.Code)), member("codeType", soap.TextOf(string(it.Type))),
			member("quantity", decimalOf(it.Quantity)), member("quantityAvailable", decimalOf(free)),
			member("available", soap.TextOf(can)),
			member("faultCode", number(int64(code))), member("faultString", soap.TextOf(c.lang.of(code))),
		}
		if more != nil {
			members = append(members, more(i)...)
		}
		out[i] = soap.ObjectOf(members...)
	}
	return soap.ListOf(out...)
}

func resultOf(list []catalog.Availability) soap.Value {
	if all(list) {
		return soap.TextOf(resultOK)
	}
	return soap.TextOf(resultError)
}

func decimalOf(d order.Decimal) soap.Value { return soap.NumberOf(string(d.AppendNumber(nil))) }

// moneyOf has at least two decimals.
func moneyOf(d order.Money) soap.Value { return soap.NumberOf(string(d.AppendFixed(nil, 2))) }

// priceOf is the price of one in the shop's currency; not set where the
// catalogue has none in it.
func priceOf(p *catalog.Product, currency string) order.Money {
	if p == nil || p.Currency != "" && p.Currency != currency {
		return order.Money{}
	}
	return p.Price
}

// worth is what items cost in all; not set where one has no price.
func worth(items []item, list []catalog.Availability, currency string) (sum order.Money) {
	sum = order.FromInt(0, 2)
	for i, it := range items {
		price := priceOf(list[i].Product, currency)
		if !price.IsSet() {
			return order.Money{}
		}
		sum = sum.Add(price.Mul(it.Quantity).Round(2))
	}
	return sum
}

// weight is what items weigh in all, in kg; not set where it is not known of
// one.
func weight(items []item, list []catalog.Availability) (sum order.Decimal) {
	sum = order.FromInt(0, 0)
	for i, it := range items {
		p := list[i].Product
		if p == nil || !p.Weight.IsSet() {
			return order.Decimal{}
		}
		sum = sum.Add(p.Weight.Mul(it.Quantity))
	}
	return sum
}
