package idosell

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// outgoing is one order on its way: verification, basket, courier, order. The
// basket is the login's, so one is on its way at a time.
type outgoing struct {
	r        *route
	task     *partner.Task
	mark     mark
	products []wanted
	address  soap.Value
	session  session
	renewed  bool // a login was made because of a fault
	marked   bool // placeOrder may have left
}

// note is what is kept of a delivery that may have placed its order.
type note struct {
	Step     string `json:"step"` // stepPlacing, stepUnplaced
	External string `json:"external"`
}

// The steps of a note.
const (
	stepPlacing  = "placing"  // placeOrder is about to leave
	stepUnplaced = "unplaced" // the wholesaler said that it placed nothing
)

// place brings one order to the wholesaler. What may have been placed before,
// by this delivery or an earlier one, is looked for first.
func (r *route) place(ctx context.Context, t *partner.Task) partner.Outcome {
	if t.Order == nil {
		return partner.Refused("not_sendable", "nobody has stated this order")
	}
	p := &outgoing{r: r, task: t}
	if err := p.prepare(); err != nil {
		return partner.Refused("not_sendable", err.Error())
	}
	var o *partner.Outcome
	if p.mark, o = r.markOf(ctx, t.Order.ID); o != nil {
		return *o
	}
	if p.mark.Placing || placedMaybe(t.Note) {
		if o := p.placedBefore(ctx); o != nil {
			return *o
		}
	}
	if p.session, o = r.sessions.get(ctx, "", true); o != nil {
		return *o
	}
	for {
		o, f := p.chain(ctx)
		if f == nil {
			return o
		}
		if p.renewed || !r.stale(f, p.session) {
			return p.failed(f)
		}
		if o := p.renew(ctx, f); o != nil {
			return *o
		}
	}
}

// prepare maps the order, as far as that needs no wholesaler.
func (p *outgoing) prepare() (err error) {
	o := p.task.Order
	if p.products, err = wants(o, p.r.opts.codeType); err != nil {
		return err
	}
	p.address, err = recipientOf(o)
	return err
}

// placedMaybe reports whether a note says that the order may have been placed.
func placedMaybe(kept []byte) bool {
	if len(kept) == 0 {
		return false
	}
	var n note
	return json.Unmarshal(kept, &n) != nil || n.Step != stepUnplaced
}

// placedBefore looks for an order that may have been placed. Nil: it was not.
func (p *outgoing) placedBefore(ctx context.Context) *partner.Outcome {
	o, status := p.r.seek(ctx, p.task.Order, &p.mark)
	switch {
	case o.Result == partner.ResultNotThere:
		return nil
	case o.Result == partner.ResultLater, o.Result == partner.ResultUnknown:
		// Nobody can tell now. It may be there: the engine asks again.
		o = partner.Unknown(o.Code, o.Reason).Of(o.Scope)
	case o.Result == partner.ResultDelivered && p.r.opts.dialect.class(status) == classDead:
		o = partner.Refused("cancelled_there", "the wholesaler has this order as "+partner.Words(o.Ref)+
			" and cancelled it: status "+partner.Words(status)+"; to have it sent after all, hand it in under another number")
	}
	return &o
}

// renew logs in anew after a fault that may be the old session's, and makes
// sure that nothing is placed twice by going on. Where nobody can be asked, a
// clear fault has to do.
func (p *outgoing) renew(ctx context.Context, f *failure) *partner.Outcome {
	s, o := p.r.sessions.get(ctx, p.session.Key, true)
	if o != nil {
		return o
	}
	p.session, p.renewed = s, true
	if !p.marked {
		return nil
	}
	if f.unclear() || p.r.asksByExternal() {
		if o := p.placedBefore(ctx); o != nil {
			return o
		}
	}
	p.marked = false
	return nil
}

// chain makes the calls in a session. The failure is that of the call that
// ended it.
func (p *outgoing) chain(ctx context.Context) (partner.Outcome, *failure) {
	if o, f := p.verify(ctx); o != nil || f != nil {
		return given(o), f
	}
	if o, f := p.fill(ctx); o != nil || f != nil {
		return given(o), f
	}
	courier, o, f := p.courier(ctx)
	if o != nil || f != nil {
		return given(o), f
	}
	return p.order(ctx, courier)
}

func given(o *partner.Outcome) partner.Outcome {
	if o == nil {
		return partner.Outcome{}
	}
	return *o
}

// failed is the outcome of a chain that a call ended.
func (p *outgoing) failed(f *failure) partner.Outcome {
	if p.marked {
		return f.unplaced()
	}
	return p.stockOr(f, f.unasked())
}

// verify asks whether the wholesaler can send everything now.
func (p *outgoing) verify(ctx context.Context) (*partner.Outcome, *failure) {
	for part := range slices.Chunk(p.products, mostListed) {
		v, f := p.r.with(ctx, p.session, opBasketVerification, soap.ObjectOf(member("products", productsOf(part))))
		if f != nil {
			return nil, f
		}
		if v.At("result").Text() != resultOK {
			o := p.unavailable(part, v)
			return &o, nil
		}
	}
	return nil, nil
}

// fill puts the goods into the basket, in place of whatever lies there, and
// compares what the wholesaler says of it.
func (p *outgoing) fill(ctx context.Context) (*partner.Outcome, *failure) {
	clear := "y"
	for part := range slices.Chunk(p.products, mostListed) {
		v, f := p.r.with(ctx, p.session, opBasketImport, soap.ObjectOf(
			member("products", productsOf(part)), member("clearBasket", soap.TextOf(clear))))
		clear = "n"
		if f != nil {
			return nil, f
		}
		if v.At("result").Text() != resultOK {
			o := p.unavailable(part, v)
			return &o, nil
		}
		if what := differs(part, v.At("products")); what != "" {
			o := laterAlone(0, "basket_differs", "the basket does not hold what was put there: "+what)
			return &o, nil
		}
	}
	return nil, nil
}

// differs says where the wholesaler's list is not what was asked for; "": it is
// the same.
func differs(part []wanted, list soap.Value) string {
	got := map[string]order.Decimal{}
	for _, item := range list.Items() {
		q, err := order.ParseDecimal(strings.TrimSpace(item.At("quantity").Text()))
		if err != nil {
			return "a quantity is no number"
		}
		key := (&wanted{codeType: item.At("codeType").Text(), code: item.At("code").Text()}).key()
		got[key] = got[key].Add(q)
	}
	for i := range part {
		q, ok := got[part[i].key()]
		if !ok {
			return partner.Words(part[i].named()) + " is not in it"
		}
		if q.Cmp(part[i].quantity) != 0 {
			return fmt.Sprintf("%s of %s instead of %s", q, partner.Words(part[i].named()), part[i].quantity)
		}
		delete(got, part[i].key())
	}
	if len(got) > 0 {
		return fmt.Sprintf("%d more products are in it", len(got))
	}
	return ""
}

// unavailable is the outcome of an answer that is not OK: which products are
// unknown, or too few.
func (p *outgoing) unavailable(part []wanted, v soap.Value) partner.Outcome {
	var unknown, few []string
	for i, item := range v.At("products").Items() {
		code, words := faultOf(item)
		if code == codeOK && item.At("available").Text() != "n" {
			continue
		}
		what := partner.Words(item.At("code").Text())
		if what == "" && i < len(part) {
			what = part[i].named()
		}
		switch code {
		case codeProduct:
			unknown = append(unknown, what)
		case codeStock, codeOK:
			few = append(few, what+left(item))
		default:
			few = append(few, fmt.Sprintf("%s (%s)", what, strings.TrimSpace("fault "+strconv.Itoa(int(code))+" "+words)))
		}
	}
	switch {
	case len(unknown) > 0:
		return partner.Refused("unknown_product", "the wholesaler does not know "+strings.Join(bounded(unknown), ", "))
	case len(few) == 0:
		few = []string{"it does not say which products"}
	}
	return p.short("the wholesaler can not send everything now: " + strings.Join(bounded(few), ", "))
}

func left(item soap.Value) string {
	q, err := order.ParseDecimal(strings.TrimSpace(item.At("quantityAvailable").Text()))
	if err != nil {
		return ""
	}
	return " (" + q.String() + " left)"
}

// bounded keeps a sentence readable.
func bounded(list []string) []string {
	const most = 10
	if len(list) <= most {
		return list
	}
	return append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
}

// short is the outcome of an order that can not be sent in full.
func (p *outgoing) short(reason string) partner.Outcome {
	if p.r.opts.waits {
		return laterAlone(p.r.opts.pollEvery, "out_of_stock", reason)
	}
	return partner.Refused("out_of_stock", reason)
}

// stockOr is the outcome of a fault about stock as the settings want it.
func (p *outgoing) stockOr(f *failure, o partner.Outcome) partner.Outcome {
	if f.kind == failedFault && f.code == codeStock {
		return p.short("the wholesaler can not send everything now: " + f.words)
	}
	return o
}

// order places it. Before the call leaves, it is durable that it may have.
func (p *outgoing) order(ctx context.Context, courier int) (partner.Outcome, *failure) {
	o := p.task.Order
	params := append(p.r.opts.placeParamsOf(o, p.mark.External, p.address), member("courierId", number(int64(courier))))
	if out := p.remember(ctx); out != nil {
		return *out, nil
	}
	v, f := p.r.with(ctx, p.session, opPlaceOrder, soap.ObjectOf(params...))
	if f != nil {
		return p.unplaced(ctx, f)
	}
	id := v.At("orderId").Text()
	if !plainID(id) {
		return partner.Unknown("no_order_id", "the answer to the order holds no orderId"), nil
	}
	return p.r.placed(ctx, o, &p.mark, id, v.At("orderSerialNumber").Text()), nil
}

// remember makes durable that the order may have been placed, for this
// delivery and for later ones of the same order.
func (p *outgoing) remember(ctx context.Context) *partner.Outcome {
	p.mark.Placing = true
	err := p.r.keepMark(ctx, &p.mark)
	if err == nil {
		err = p.save(ctx, stepPlacing)
	}
	if err != nil {
		o := partner.Later(0, "note", "the note could not be kept: "+err.Error())
		return &o
	}
	p.marked = true
	return nil
}

func (p *outgoing) save(ctx context.Context, step string) error {
	b, err := json.Marshal(note{Step: step, External: p.mark.External})
	if err != nil || p.task.SaveNote == nil {
		return err
	}
	return p.task.SaveNote(ctx, b)
}

// unplaced is what follows when placeOrder brought no order. Where the
// wholesaler said no for certain, later attempts need not look first.
func (p *outgoing) unplaced(ctx context.Context, f *failure) (partner.Outcome, *failure) {
	if f.unclear() || p.r.stale(f, p.session) && !p.renewed {
		return partner.Outcome{}, f
	}
	p.mark.Placing = false
	ctx = context.WithoutCancel(ctx)
	if err := p.r.keepMark(ctx, &p.mark); err != nil {
		p.mark.Placing = true // later attempts look first, which does no harm
	} else if err := p.save(ctx, stepUnplaced); err != nil {
		p.r.log.Warn("a note could not be kept", "error", err)
	}
	return p.stockOr(f, f.unplaced()), nil
}

// plainID reports whether a wholesaler's number can be kept and shown.
func plainID(id string) bool {
	return id != "" && len(id) <= order.MaxID && clean(id) == id && !strings.ContainsAny(id, "\n\t")
}
