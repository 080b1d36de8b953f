package deliveryhero

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// putTries is how often a PUT looks again at an order that changed meanwhile.
const putTries = 5

// pickingSource is put behind the name of a token's source where a PUT corrects
// lines: what was found in the outlet stands above what was ordered.
const pickingSource = "/picking"

// putOrder changes an order: a state, its lines, or both.
func (d *door) putOrder(a *asked) (answer, error) {
	var body wirePut
	if err := a.read(&body); err != nil {
		return answer{}, err
	}
	number := a.PathValue("order_id")
	if body.ID != "" && !strings.EqualFold(string(body.ID), number) {
		return answer{}, badRequest("order_id is not that of the path")
	}
	for range putTries {
		f, err := d.orders(a.chain).asked(a.Context(), number, d.now())
		if err != nil {
			return answer{}, err
		}
		err = d.putTo(a, f, &body)
		if err == nil {
			return d.getOrder(a)
		}
		if !errors.Is(err, order.ErrChanged) {
			return answer{}, err
		}
	}
	return answer{}, order.ErrBusy
}

// putTo does what a PUT asks for to an order as it was found. Errors: *wrong,
// order.ErrChanged.
func (d *door) putTo(a *asked, f *found, body *wirePut) error {
	p, err := d.judgePut(a.chain, f, body)
	if err != nil {
		return err
	}
	entries, err := d.putEntries(a, f, body, p)
	if err != nil || len(entries) == 0 {
		return err
	}
	entries[0].After = f.newest // all entries are taken, or none
	_, err = d.deps.Intake.Append(a.Context(), a.chain.Shop, entries)
	return err
}

// judgePut refuses what can not be asked for of the order.
func (d *door) judgePut(c *chain, f *found, body *wirePut) (put, error) {
	if f.vendor.Pelican {
		return put{}, &wrong{
			Status: http.StatusBadRequest, Code: "PICKED_BY_PLATFORM",
			Message: "The platform picks the orders of this outlet: they can not be changed by PUT",
		}
	}
	p, err := allowed(c.Brand, transportOf(f.order), f.order.Status, body.Status)
	switch {
	case err != nil:
		return p, err
	case len(body.Items) == 0:
		return p, badRequest("items is needed, with every item of the order")
	case len(body.Items) > order.MaxLines:
		return p, badRequest("items has too many elements")
	case body.Status == statusCancelled && (body.Cancellation == nil || strings.TrimSpace(string(body.Cancellation.Reason)) == ""):
		return p, badRequest("cancellation.reason is needed")
	case body.Status == statusAccepted && body.AcceptedFor.Time.IsZero():
		return p, badRequest("accepted_for is needed, a time such as 2026-03-02T18:40:00Z")
	}
	return p, nil
}

// putEntries are what a PUT says: what became of the lines, and what happened.
func (d *door) putEntries(a *asked, f *found, body *wirePut, p put) (out []order.Entry, err error) {
	statesOnly := p.kind == order.KindCancelled || p.kind == order.KindAccepted
	lines, err := pick(f.order, body.Items, statesOnly, d.priceAt(a.Context(), a.chain.Shop, f.vendor.ID))
	if err != nil {
		return nil, err
	}
	if (p.kind == order.KindReady || p.kind == order.KindShipped) && !left(lines) {
		return nil, badRequest("None of the items is left: the order must be CANCELLED")
	}
	subject := order.Subject{Kind: order.SubjectOrder, ID: f.order.ID}
	if o := corrected(f.order, lines, body, p); o != nil {
		// Of no version: what was looked at is newest (After), whatever clocks say.
		source := order.Source{Name: f.corrector(a.grant.Source.Name+pickingSource, o), Rank: order.RankOperator}
		out = append(out, order.Entry{Subject: subject, Source: source, Statement: &order.Statement{Order: *o}})
	}
	if p.kind != "" {
		out = append(out, order.Entry{Subject: subject, Source: a.grant.Source, Happening: happeningOf(lines, body, p.kind, d.now())})
	}
	return out, nil
}

// corrector is the source that corrects an order. To say again what it said last
// is no news to the ledger; where somebody else has said something since, which
// is why it is said again, another source has to say it.
func (f *found) corrector(name string, o *order.Order) string {
	if last := f.said[name]; last != nil && len(order.Diff(last, o)) == 0 {
		return name + "/" + strconv.FormatInt(f.newest, 10)
	}
	return name
}

// corrected is what a PUT changes of what the order is; nil: nothing.
func corrected(o *order.Order, lines []order.Line, body *wirePut, p put) *order.Order {
	out := order.Order{ID: o.ID}
	if p.kind != order.KindAccepted && !order.SameGroup(order.GroupLines, o, &order.Order{Lines: lines}) {
		out.Lines = lines
		if p.kind != order.KindCancelled {
			out.Totals = totalsAfter(o, lines)
		}
	}
	if p.kind == order.KindAccepted {
		s := order.Shipping{}
		if o.Shipping != nil {
			s = *o.Shipping
		}
		s.AcceptedFor = body.AcceptedFor.Time
		out.Shipping = &s
	}
	if out.Lines == nil && out.Shipping == nil {
		return nil
	}
	return &out
}

// happeningOf is what a PUT says happened. Of goods that leave, the lines that
// were found are named where others were not; a cancellation that named lines
// would be one of these alone.
func happeningOf(lines []order.Line, body *wirePut, kind order.Kind, now time.Time) *order.Happening {
	h := &order.Happening{Kind: kind, At: order.At(now.UTC()), Ref: string(body.Status)}
	switch kind {
	case order.KindCancelled:
		h.Cancellation = &order.Cancellation{By: "vendor", Reason: string(body.Cancellation.Reason)}
	case order.KindReady, order.KindShipped:
		var products int
		for i := range lines {
			if lines[i].Kind == order.LineProduct {
				products++
			}
		}
		if found := fulfilled(lines); len(found) < products {
			h.Lines = found
		}
	}
	return h
}
