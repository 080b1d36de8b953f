package idosell

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/shipping"
	"github.com/ordermux/ordermux/internal/soap"
)

// offer is a courier for one basket and address.
type offer struct {
	shipping.Foreign
	id   int
	cost order.Decimal // not set: not told
}

// courier asks who would carry this basket to this address, and chooses.
func (p *outgoing) courier(ctx context.Context) (int, *partner.Outcome, *failure) {
	params := []soap.Member{member("clientDeliveryAddress", p.address)}
	if p.r.opts.payment != "" {
		params = append(params, member("orderPaymentType", soap.TextOf(p.r.opts.payment)))
	}
	v, f := p.r.with(ctx, p.session, opCouriersForBasket, soap.ObjectOf(params...))
	if f != nil && (f.kind != failedFault || f.code != codeEmpty) {
		return 0, nil, f
	}
	list := offers(v)
	id, why := p.r.opts.choose(p.task.Order.Shipping, list)
	if id != p.r.opts.courierFor(p.task.Order.Shipping) {
		p.r.doubtful.Store(true)
	}
	if id == 0 {
		o := partner.Refused("courier", why+"; offered: "+names(list))
		return 0, &o, nil
	}
	return id, nil, nil
}

func offers(v soap.Value) []offer {
	var list []offer
	for _, item := range v.At("results").Items() {
		id, err := strconv.Atoi(strings.TrimSpace(item.At("courierId").Text()))
		if err != nil {
			continue
		}
		o := offer{Foreign: foreignOf(item), id: id}
		if cost, err := order.ParseDecimal(strings.TrimSpace(item.At("deliveryCost").Text())); err == nil {
			o.cost = cost
		}
		list = append(list, o)
	}
	return list
}

func foreignOf(item soap.Value) shipping.Foreign {
	return shipping.Foreign{
		ID: partner.Words(item.At("courierId").Text()), Name: partner.Words(clean(item.At("courierName").Text())),
		Company: partner.Words(clean(item.At("companyKey").Text())), PickupPoints: item.At("hasPickupPoints").Text() == "y",
	}
}

// names lists couriers for a person: "5 DPD, 7 InPost".
func names(list []offer) string {
	all := make([]shipping.Foreign, len(list))
	for i := range list {
		all[i] = list[i].Foreign
	}
	return called(all)
}

func called(list []shipping.Foreign) string {
	if len(list) == 0 {
		return "none"
	}
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = strings.TrimSpace(c.ID + " " + c.Name)
	}
	return strings.Join(bounded(texts), ", ")
}

// choose takes the courier that the settings name for the order's method, of
// those that are offered, else a fallback if the settings want one. 0: none,
// and why.
func (o *options) choose(s *order.Shipping, list []offer) (id int, why string) {
	method := ""
	point := false
	if s != nil {
		method, point = cmp.Or(s.Method, s.Courier), s.PickupPoint != ""
	}
	wanted := o.courierFor(s)
	if wanted > 0 && slices.ContainsFunc(list, func(c offer) bool { return c.id == wanted }) {
		return wanted, ""
	}
	if o.fallback && !point {
		if id := cheapest(list); id > 0 {
			return id, ""
		}
	}
	if wanted > 0 {
		return 0, fmt.Sprintf("courier %d is not offered for this basket and address", wanted)
	}
	return 0, fmt.Sprintf("no courier is named for the delivery method %q", partner.Words(clean(method)))
}

// courierFor is the courier that the settings name for an order; 0: none.
func (o *options) courierFor(s *order.Shipping) int {
	var words []string
	if s != nil {
		words = append(words, s.Method, s.Courier)
	}
	for _, word := range append(words, anyOther) {
		for _, c := range o.couriers {
			if word != "" && strings.EqualFold(c.method, strings.TrimSpace(word)) {
				return c.id
			}
		}
	}
	return 0
}

// cheapest is the courier that costs least, of those that deliver to a door;
// one whose cost is not told comes last. 0: there is none.
func cheapest(list []offer) int {
	list = slices.DeleteFunc(slices.Clone(list), func(c offer) bool { return c.PickupPoints })
	if len(list) == 0 {
		return 0
	}
	return slices.MinFunc(list, func(a, b offer) int {
		switch {
		case a.cost.IsSet() != b.cost.IsSet():
			if a.cost.IsSet() {
				return -1
			}
			return 1
		case a.cost.Cmp(b.cost) != 0:
			return a.cost.Cmp(b.cost)
		}
		return cmp.Compare(a.id, b.id)
	}).id
}

const (
	mirrorPrefix = "couriers/" // + the route: its settings are kept with them
	// mirrorAge is how old what is mirrored may be.
	mirrorAge = 24 * time.Hour
	// mostPages bounds a list that is fetched page by page.
	mostPages = 50
)

// couriers returns the wholesaler's, as kept or as they are now.
func (r *route) couriers(ctx context.Context, fresh bool) (*shipping.Mirror, error) {
	if !fresh {
		m, err := r.mirrored(ctx)
		if m != nil || err != nil {
			return m, err
		}
	}
	list, o := r.fetchCouriers(ctx)
	if o != nil {
		return nil, fmt.Errorf("fetch couriers: %s: %s", o.Code, o.Reason)
	}
	m := &shipping.Mirror{At: r.now(), Couriers: list, Mapping: r.opts.mapping(list)}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if err := r.deps.State.Put(ctx, mirrorPrefix+r.deps.Route, b, 0); err != nil {
		return nil, fmt.Errorf("keep couriers: %w", err)
	}
	return m, nil
}

// mirrored returns the couriers as they were fetched last; nil: never, or the
// settings name one since that was not there then and may be there now.
func (r *route) mirrored(ctx context.Context) (*shipping.Mirror, error) {
	b, ok, err := r.deps.State.Get(ctx, mirrorPrefix+r.deps.Route)
	if err != nil {
		return nil, fmt.Errorf("read couriers: %w", err)
	}
	var m shipping.Mirror
	if !ok || json.Unmarshal(b, &m) != nil {
		return nil, nil
	}
	named := m.Mapping
	m.Mapping = r.opts.mapping(m.Couriers)
	for _, c := range m.Mapping {
		if c.Gone && !slices.ContainsFunc(named, func(n shipping.Mapped) bool { return n.Courier == c.Courier }) {
			return nil, nil
		}
	}
	return &m, nil
}

// fetchCouriers asks for all of them.
func (r *route) fetchCouriers(ctx context.Context) ([]shipping.Foreign, *partner.Outcome) {
	list := []shipping.Foreign{}
	for page := range mostPages {
		v, f, o := r.ask(ctx, opCouriers, soap.ObjectOf(
			member("resultsPage", number(int64(page))), member("resultsLimit", number(mostListed))), false)
		if f != nil && f.kind == failedFault && f.code == codeEmpty {
			break
		}
		if o != nil {
			return nil, o
		}
		items := v.At("results").Items()
		before := len(list)
		for _, item := range items {
			c := foreignOf(item)
			if c.ID != "" && !slices.ContainsFunc(list, func(d shipping.Foreign) bool { return d.ID == c.ID }) {
				list = append(list, c)
			}
		}
		// A wholesaler that knows no pages gives the same one again.
		if len(items) < mostListed || len(list) == before {
			break
		}
	}
	return list, nil
}

// mapping is what the settings name, and whether the wholesaler still has it.
func (o *options) mapping(list []shipping.Foreign) []shipping.Mapped {
	var out []shipping.Mapped
	for _, c := range o.couriers {
		m := shipping.Mapped{Method: c.method, Courier: strconv.Itoa(c.id), Gone: true}
		for _, there := range list {
			if there.ID == m.Courier {
				m.Name, m.Gone = there.Name, false
			}
		}
		out = append(out, m)
	}
	return out
}

// refresh mirrors the couriers once a day, and when an order missed one.
func (r *route) refresh(ctx context.Context) error {
	m, err := r.mirrored(ctx)
	if err != nil || m != nil && r.now().Sub(m.At) < mirrorAge && !r.doubtful.Load() {
		return err
	}
	if _, err = r.couriers(ctx, true); err == nil {
		r.doubtful.Store(false)
	}
	return err
}

// troubles are what a person should mend: mapped couriers that are gone, and
// orders that the wholesaler will not send.
func (r *route) troubles(ctx context.Context) ([]string, error) {
	m, err := r.mirrored(ctx)
	if err != nil {
		return nil, err
	}
	var list []string
	if m != nil {
		for _, c := range m.Mapping {
			if c.Gone {
				list = append(list, fmt.Sprintf("the wholesaler has no courier %s, which couriers names for %q", c.Courier, c.Method))
			}
		}
	}
	stuck, err := r.stuck(ctx)
	return append(list, stuck...), err
}
