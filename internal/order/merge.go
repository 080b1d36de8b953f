package order

import (
	"cmp"
	"slices"
)

// Merged is the state of an order. It shares memory with the layers it was
// made of: never change it, Clone it.
type Merged struct {
	Order  *Order             // nil if no source stated it
	From   map[Group]string   // which source each group comes from; groups that nobody states are not in it; of a customer also single fields ("customer.email"), of a review wish its invitations ("review.shop")
	Differ map[Group][]string // which sources say otherwise, sorted; nil: none does
	Public bool               // only public sources stated it
}

// Merge builds the state out of the layers: group by group the highest source
// that states a group has it whole, of equal rank the one that says more of it
// (see fullness), else the first; once a secret source stated the order,
// public layers leave. Only the customer is put together of several sources, as
// far as they do not contradict each other (see completeCustomer), and the
// invitations that sources of one rank ask for (see completeReview). An operator's correction of a group ranks above all
// until that group's own source (the one that has it without operators) states
// something new in it; of several corrections the last stands. A correction
// vouches for its groups only: it does not make public layers leave.
//
// Status and cancellation follow from what happened (see standing); parcels
// that happenings tell of join the shipping group. Merge is pure, and the
// sequence of the layers does not matter.
func Merge(layers []Layer) Merged {
	r := sortOut(layers)
	if len(r.sources) == 0 && len(r.operators) == 0 {
		return Merged{}
	}
	m := Merged{Order: &Order{}, From: make(map[Group]string, len(groups)), Public: r.public}
	if len(r.sources) > 0 {
		m.Order.ID = r.sources[0].Statement.ID
	} else {
		m.Order.ID = r.operators[0].Statement.ID
	}
	for _, g := range groups {
		if l := r.winner(g); l != nil {
			CopyGroup(m.Order, g, l.Statement)
			m.From[g] = l.Source.Name
			m.differ(g, l, r)
		}
	}
	r.completeCustomer(&m)
	r.completeReview(&m)
	r.addParcels(&m)
	m.Order.Status, m.Order.Cancellation = r.standing()
	return m
}

// roll is who takes part in a merge, each list highest first.
type roll struct {
	sources   []*Layer // that stated the order, without operators
	operators []*Layer // that corrected it, the first first
	speakers  []*Layer // all whose happenings count
	public    bool     // only public sources stated it
}

func sortOut(layers []Layer) roll {
	var r roll
	secret := slices.ContainsFunc(layers, func(l Layer) bool {
		return l.Statement != nil && !l.Source.Public() && l.Source.Rank != RankOperator
	})
	for i := range layers {
		l := &layers[i]
		if secret && l.Source.Public() {
			continue
		}
		r.speakers = append(r.speakers, l)
		switch {
		case l.Statement == nil:
		case l.Source.Rank == RankOperator:
			r.operators = append(r.operators, l)
		default:
			r.sources = append(r.sources, l)
		}
	}
	slices.SortFunc(r.sources, higher)
	slices.SortFunc(r.operators, higher)
	slices.SortFunc(r.speakers, higher)
	r.public = len(r.sources) > 0 && !secret
	return r
}

func higher(a, b *Layer) int {
	return cmp.Or(
		cmp.Compare(b.Source.Rank, a.Source.Rank),
		cmp.Compare(a.First, b.First),
		cmp.Compare(a.Source.Name, b.Source.Name),
	)
}

// winner returns the layer that has the group; nil if nobody states it.
func (r *roll) winner(g Group) *Layer {
	var own, correction *Layer
	for _, l := range r.sources {
		switch {
		case !l.states(g):
		case own == nil:
			own = l
		case l.Source.Rank < own.Source.Rank:
		case fullness(g, l.Statement) > fullness(g, own.Statement):
			own = l
		}
	}
	for _, l := range r.operators {
		if l.states(g) && (correction == nil || l.since(g) > correction.since(g)) {
			correction = l
		}
	}
	if correction != nil && (own == nil || correction.since(g) > own.since(g)) {
		return correction
	}
	return own
}

func (m *Merged) differ(g Group, winner *Layer, r roll) {
	var names []string
	for _, list := range [2][]*Layer{r.sources, r.operators} {
		for _, l := range list {
			if l != winner && l.states(g) && contradicts(g, winner.Statement, l.Statement) {
				names = append(names, l.Source.Name)
			}
		}
	}
	if names == nil {
		return
	}
	slices.Sort(names)
	if m.Differ == nil {
		m.Differ = map[Group][]string{}
	}
	m.Differ[g] = names
}

// said is a happening with who said it.
type said struct {
	*Happened
	by *Layer
}

// parcels returns the happenings that tell of a parcel, as the ledger took
// them.
func (r *roll) parcels() []said {
	var list []said
	for _, l := range r.speakers {
		for i := range l.Happenings {
			if l.Happenings[i].Parcel != nil {
				list = append(list, said{&l.Happenings[i], l})
			}
		}
	}
	slices.SortFunc(list, func(a, b said) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.by.Source.Name, b.by.Source.Name))
	})
	return list
}

// addParcels adds each parcel once: what a statement or an earlier happening
// says of a parcel's number stands.
func (r *roll) addParcels(m *Merged) {
	list := r.parcels()
	if len(list) == 0 {
		return
	}
	shipping := *orEmpty(m.Order.Shipping)
	shipping.Parcels = slices.Clip(shipping.Parcels) // appending copies
	for _, h := range list {
		p := h.parcel()
		if slices.ContainsFunc(shipping.Parcels, func(q Parcel) bool { return sameParcel(&p, &q) }) {
			continue
		}
		shipping.Parcels = append(shipping.Parcels, p)
		if _, ok := m.From[GroupShipping]; !ok {
			m.From[GroupShipping] = h.by.Source.Name
		}
	}
	m.Order.Shipping = &shipping
}

// parcel is the happening's parcel, with its time and lines unless it says
// them itself.
func (h *Happened) parcel() Parcel {
	p := *h.Parcel
	if p.ShippedAt.IsZero() && h.Kind == KindShipped {
		p.ShippedAt = h.At
	}
	if len(p.Lines) == 0 {
		for i := range h.Lines {
			if id := h.Lines[i].ID; id != "" {
				p.Lines = append(p.Lines, id)
			}
		}
	}
	return p
}

// sameParcel compares by number; parcels without one by their tracking address
// and courier.
func sameParcel(p, q *Parcel) bool {
	if p.Number != "" || q.Number != "" {
		return p.Number == q.Number
	}
	return p.TrackingURL == q.TrackingURL && p.Courier == q.Courier
}
