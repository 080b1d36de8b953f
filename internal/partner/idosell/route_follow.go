package idosell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

const (
	// afterShipping is how long an order is followed after it was shipped: it may
	// go in several parcels.
	afterShipping = 7 * 24 * time.Hour
	// slowly is how often it is asked for in that time.
	slowly = 12 * time.Hour
	// mostFollowed is how long an order is followed that is never shipped.
	mostFollowed = 180 * 24 * time.Hour
)

// followed is an order at the wholesaler whose status is asked for.
type followed struct {
	Order    string       `json:"order"` // ours
	External string       `json:"external"`
	ID       string       `json:"id"` // the wholesaler's
	Serial   string       `json:"serial,omitzero"`
	Lines    []order.Line `json:"lines,omitzero"` // id, codes and quantity of what is ordered there
	At       time.Time    `json:"at"`
	Status   string       `json:"status,omitzero"` // as the wholesaler said last, word for word
	Shipped  time.Time    `json:"shipped,omitzero"`
	Next     time.Time    `json:"next,omitzero"`    // not before
	Parcels  []string     `json:"parcels,omitzero"` // told of
	Hinted   []string     `json:"hinted,omitzero"`  // numbers that a notice named
}

func (r *route) openKey(id string) string { return "open/" + r.deps.Route + "/" + id }

// follow keeps an order to be asked for, unless it is kept.
func (r *route) follow(ctx context.Context, o *order.Order, external, id, serial string) error {
	key := r.openKey(id)
	if _, ok, err := r.deps.State.Get(ctx, key); err != nil || ok {
		return err
	}
	if !plainID(serial) {
		serial = ""
	}
	return r.keepFollowed(ctx, &followed{Order: o.ID, External: external, ID: id, Serial: serial, Lines: carried(o), At: r.now()})
}

// carried are the lines that the wholesaler got, as far as happenings name
// them.
func carried(o *order.Order) []order.Line {
	var lines []order.Line
	for i := range o.Lines {
		if l := &o.Lines[i]; wantedLine(l) {
			p := order.Product{Code: l.Product.Code, SKU: l.Product.SKU, GTIN: l.Product.GTIN}
			lines = append(lines, order.Line{ID: l.ID, Product: p, Quantity: l.Quantity})
		}
	}
	return lines
}

func (r *route) keepFollowed(ctx context.Context, f *followed) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return r.deps.State.Put(ctx, r.openKey(f.ID), b, mostFollowed)
}

// followedAs returns the order that is followed under a number of the
// wholesaler's; nil: none is.
func (r *route) followedAs(ctx context.Context, id string) (*followed, error) {
	b, ok, err := r.deps.State.Get(ctx, r.openKey(id))
	if err != nil || !ok {
		return nil, err
	}
	var f followed
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("read the followed order: %w", err)
	}
	return &f, nil
}

// poll confirms what notices said, asks for the open orders and mirrors the
// couriers. One trouble does not keep the others from being done.
func (r *route) poll(ctx context.Context) error {
	return errors.Join(r.confirm(ctx, true), r.followAll(ctx, false), r.unstick(ctx), r.refresh(ctx))
}

// followAll asks for all orders that are followed and due, in batches; for all
// of them, due or not, if everything is wanted.
func (r *route) followAll(ctx context.Context, everything bool) error {
	prefix := r.openKey("")
	for after := ""; ; {
		keys, values, err := r.deps.State.List(ctx, prefix, after, mostListed)
		if err != nil || len(keys) == 0 {
			return err
		}
		batch := make([]*followed, 0, len(keys))
		for _, b := range values {
			var f followed
			if json.Unmarshal(b, &f) == nil && (everything || !r.now().Before(f.Next)) {
				batch = append(batch, &f)
			}
		}
		if err := r.askFor(ctx, batch); err != nil {
			return err
		}
		after = keys[len(keys)-1]
	}
}

// askFor asks for the status of at most mostListed orders, and has what is new
// known.
func (r *route) askFor(ctx context.Context, batch []*followed) error {
	if len(batch) == 0 {
		return nil
	}
	ids := make([]soap.Value, len(batch))
	at := make(map[string]*followed, len(batch))
	for i, f := range batch {
		ids[i], at[f.ID] = soap.TextOf(f.ID), f
	}
	v, f, o := r.ask(ctx, opOrdersStatus, statusQuestion("ordersIds", ids...), false)
	if o != nil && (f == nil || f.kind != failedFault || f.code != codeEmpty) {
		return fmt.Errorf("ask for the status of %d orders: %s: %s", len(batch), o.Code, o.Reason)
	}
	var errs []error
	for _, item := range v.At("results").Items() {
		id := item.At("orderId").Text()
		if f := at[id]; f != nil {
			delete(at, id)
			errs = append(errs, r.heard(ctx, f, item))
		}
	}
	for _, f := range at { // the answer says nothing of it: asked for again
		r.log.Warn("the wholesaler says nothing of an order that it took", "order", f.Order, "number", f.ID)
	}
	return errors.Join(append(errs, r.noticeCancelled(ctx, batch))...)
}

// heard takes what the wholesaler says of an order: what is new becomes an
// event, and is forgotten only when that is accepted.
func (r *route) heard(ctx context.Context, f *followed, item soap.Value) error {
	status := item.At("orderStatus").Text()
	if code, words := faultOf(item); code != codeOK {
		return r.unknownThere(ctx, f, code, words)
	}
	class := r.opts.dialect.class(status)
	known := status == f.Status
	f.Status = shortened(status)
	switch class {
	case classShipped:
		return r.shipped(ctx, f, item)
	case classClosed:
		return r.ended(ctx, f, "the wholesaler closed its order "+f.ID+" with the status "+partner.Words(clean(status)))
	case classDead:
		return r.lost(ctx, f, "status "+status)
	}
	if known {
		return nil
	}
	return r.keepFollowed(ctx, f)
}

// unknownThere is an order that the wholesaler has no more. It is believed when
// it says so again.
func (r *route) unknownThere(ctx context.Context, f *followed, code faultCode, words string) error {
	if code != codeOrder {
		r.log.Warn("the wholesaler does not say how an order stands", "order", f.Order, "number", f.ID, "fault", int(code))
		return nil
	}
	again := f.Status == goneThere
	f.Status = goneThere
	if again {
		return r.lost(ctx, f, strings.TrimSpace("it does not know it any more: "+words))
	}
	return r.keepFollowed(ctx, f)
}

// goneThere stands for the status of an order that the wholesaler denied once.
const goneThere = "unknown there"

// shortened bounds a status that nobody knows.
func shortened(status string) string {
	const most = 200
	if len(status) <= most {
		return status
	}
	return strings.ToValidUTF8(status[:most], "")
}

// shipped appends an event for each parcel that is new; without any, one for
// the order's leaving.
func (r *route) shipped(ctx context.Context, f *followed, item soap.Value) error {
	parcels := r.parcels(f, item)
	if len(parcels) == 0 && f.Shipped.IsZero() {
		parcels = []order.Parcel{{}}
	}
	at := r.dispatched(item)
	var entries []order.Entry
	for i := range parcels {
		p := &parcels[i]
		h := &order.Happening{Kind: order.KindShipped, At: at, Ref: p.Number, Lines: f.Lines}
		if p.Number == "" {
			h.Ref = f.ID + "/" + string(classShipped)
		} else {
			h.Parcel = p
		}
		entries = append(entries, r.entry(f, h))
	}
	if err := r.append(ctx, entries); err != nil {
		return err
	}
	if f.Shipped.IsZero() {
		f.Shipped = r.now()
	}
	if r.now().Sub(f.Shipped) >= afterShipping {
		return r.deps.State.Delete(ctx, r.openKey(f.ID))
	}
	for _, p := range parcels {
		if p.Number != "" {
			f.Parcels = append(f.Parcels, p.Number)
		}
	}
	if len(f.Parcels) > 0 {
		f.Next = r.now().Add(slowly)
	}
	return r.keepFollowed(ctx, f)
}

// parcels are those that nobody was told of.
func (r *route) parcels(f *followed, item soap.Value) []order.Parcel {
	courier := item.At("courierId").Text()
	told := map[string]bool{}
	for _, number := range f.Parcels {
		told[number] = true
	}
	var list []order.Parcel
	add := func(number, link string) {
		if !plainID(number) || told[number] || len(list) >= mostListed {
			return
		}
		told[number] = true
		if !webLink(link) || clean(link) != link || len(link) > 2000 {
			link = r.opts.track(courier, number)
		}
		p := order.Parcel{Number: number, Courier: partner.Words(clean(item.At("courierName").Text())), TrackingURL: link, ShippedAt: r.dispatched(item)}
		for _, l := range f.Lines {
			if l.ID != "" {
				p.Lines = append(p.Lines, l.ID)
			}
		}
		list = append(list, p)
	}
	packages := item.At("packages").Items()
	for _, p := range packages {
		add(cmp.Or(p.At("deliveryPackageNumber").Text(), p.At("deliveryShippingNumber").Text()), p.At("trackingUrl").Text())
	}
	if len(packages) == 0 { // the answer has no place for them: the notice did
		for _, number := range f.Hinted {
			add(number, "")
		}
	}
	return list
}

// dispatched is when the wholesaler says that the order left; else now.
func (r *route) dispatched(item soap.Value) order.Time {
	text := strings.TrimSpace(item.At("orderDispatchDate").Text())
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, r.opts.zone); err == nil && at.Year() > 2000 && at.Year() < 10000 {
			return order.At(at)
		}
	}
	if at, err := order.ParseTime(text); err == nil {
		return at
	}
	return order.At(r.now().In(r.opts.zone).Truncate(time.Second))
}

// lost is an order that the wholesaler will not send. It cancels nothing here:
// only the shop knows whether somebody else sends the goods, and parts of the
// order that are at other wholesalers go on. A person is told, by an event of
// the order and by an alert.
func (r *route) lost(ctx context.Context, f *followed, what string) error {
	sentence := "the wholesaler will not send its order " + f.ID + ": "
	if !f.Shipped.IsZero() {
		sentence = "the wholesaler had sent its order " + f.ID + ", and now: "
	}
	sentence += partner.Words(clean(what))
	if strings.HasSuffix(what, " joined") {
		sentence += "; it was merged into another order there"
	}
	if err := r.keepStuck(ctx, f.ID, stuckOrder{Order: f.Order, Why: sentence}); err != nil {
		return err
	}
	return r.ended(ctx, f, sentence)
}

// ended appends a remark and follows the order no more.
func (r *route) ended(ctx context.Context, f *followed, sentence string) error {
	h := &order.Happening{Kind: order.KindNote, At: order.At(r.now().UTC().Truncate(time.Second)), Ref: f.ID + "/" + f.Status, Reason: sentence, Lines: f.Lines}
	if err := r.append(ctx, []order.Entry{r.entry(f, h)}); err != nil {
		return err
	}
	return r.deps.State.Delete(ctx, r.openKey(f.ID))
}

func (r *route) entry(f *followed, h *order.Happening) order.Entry {
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: f.Order},
		Source:  r.deps.Source, Origin: r.deps.Route, Happening: h,
	}
}

func (r *route) append(ctx context.Context, entries []order.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if _, err := r.deps.Intake.Append(ctx, r.deps.Shop, entries); err != nil {
		return fmt.Errorf("append what the wholesaler says: %w", err)
	}
	return nil
}
