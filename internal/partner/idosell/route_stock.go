package idosell

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// stock asks the wholesaler what it could send now; nothing is reserved.
func (r *route) stock(ctx context.Context, lines []catalog.Line) ([]catalog.Availability, error) {
	theirs, err := r.named(ctx, lines)
	if err != nil {
		return nil, err
	}
	asked, of := askedFor(theirs)
	found := make(map[string]catalog.Availability, len(asked))
	for part := range slices.Chunk(asked, mostListed) {
		v, _, o := r.ask(ctx, opBasketVerification, soap.ObjectOf(member("products", productsOf(part))), false)
		if o != nil {
			return nil, fmt.Errorf("ask for stock: %s: %s", o.Code, o.Reason)
		}
		whole := v.At("result").Text() == resultOK
		items := v.At("products").Items()
		for i := range part {
			found[part[i].key()] = availability(&part[i], items, whole)
		}
	}
	out := make([]catalog.Availability, len(lines))
	for i := range lines {
		out[i] = found[of[i]]
	}
	return out, nil
}

// named returns the lines under the codes by which the wholesaler knows the
// products, as an order would name them. What the shop's catalogue does not
// have is asked for as it came.
func (r *route) named(ctx context.Context, lines []catalog.Line) ([]catalog.Line, error) {
	products, err := r.deps.Catalog.Find(ctx, r.deps.Shop, lines)
	if err != nil {
		return nil, fmt.Errorf("ask for stock: %w", err)
	}
	out := slices.Clone(lines)
	for i, p := range products {
		out[i].Type = catalog.CodeType(cmp.Or(string(lines[i].Type), r.opts.codeType))
		if p == nil {
			continue
		}
		if code := codeOf(&p.Product, r.opts.codeType); code != "" {
			out[i].Type, out[i].Code = catalog.CodeType(r.opts.codeType), code
		}
	}
	return out, nil
}

// askedFor makes the list of a verification, each product once, and says which
// of it every line is.
func askedFor(lines []catalog.Line) (asked []wanted, of []string) {
	of = make([]string, len(lines))
	at := map[string]int{}
	for i, l := range lines {
		w := wanted{codeType: string(l.Type), code: l.Code, quantity: l.Quantity}
		of[i] = w.key()
		if j, ok := at[w.key()]; ok {
			asked[j].quantity = asked[j].quantity.Add(w.quantity)
			continue
		}
		at[w.key()] = len(asked)
		asked = append(asked, w)
	}
	return asked, of
}

// availability is what an answer says of a product. What it does not say is
// undecided, unless all of it was found.
func availability(w *wanted, items []soap.Value, whole bool) catalog.Availability {
	for _, item := range items {
		if item.At("code").Text() != w.code || !strings.EqualFold(item.At("codeType").Text(), w.codeType) {
			continue
		}
		free, err := order.ParseDecimal(strings.TrimSpace(item.At("quantityAvailable").Text()))
		code, _ := faultOf(item)
		switch {
		case code == codeProduct:
			return catalog.Availability{Reason: catalog.Unknown, Free: order.FromInt(0, 0)}
		case code != codeOK && code != codeStock:
			return catalog.Availability{Reason: catalog.Undecided}
		case err != nil && code == codeOK && item.At("available").Text() == "y":
			return catalog.Availability{Free: w.quantity}
		case err != nil:
			return catalog.Availability{Reason: catalog.TooFew}
		case free.Cmp(w.quantity) < 0 || code == codeStock:
			return catalog.Availability{Reason: catalog.TooFew, Free: free}
		}
		return catalog.Availability{Free: free}
	}
	if whole {
		return catalog.Availability{Free: w.quantity}
	}
	return catalog.Availability{Reason: catalog.Undecided}
}
