package order

import (
	"reflect"
	"slices"
)

// fullness ranks what sources of equal rank say in a group: a door whose
// dialect has no prices, or no e-mail address, must not hide those of another
// one because it spoke first. It depends on one statement alone, so the
// sequence of arrival does not matter. Groups that have no such fields: 0.
func fullness(g Group, o *Order) int {
	switch g {
	case GroupCustomer:
		return score(o.Customer.Email != "", o.Customer.Name != "" || o.Customer.LastName != "")
	case GroupLines:
		return score(Priced(o.Lines))
	case GroupTotals:
		return score(o.Totals.Total.IsSet())
	case GroupReview:
		return score(o.Review.Shop != nil || o.Review.Products != nil)
	}
	return 0
}

// score reads facts as the digits of a number, the weightiest first.
func score(facts ...bool) (n int) {
	for _, f := range facts {
		n *= 2
		if f {
			n++
		}
	}
	return n
}

// Priced reports whether every product line tells what it costs: its total, or
// quantity and price of one.
func Priced(lines []Line) bool {
	for i := range lines {
		l := &lines[i]
		if l.Kind == LineProduct && !l.Total.IsSet() && !(l.UnitPrice.IsSet() && l.Quantity.IsSet()) {
			return false
		}
	}
	return true
}

// contradicts reports whether two statements can not both hold in a group. Of
// a customer, a field that only one of them has contradicts nothing.
func contradicts(g Group, a, b *Order) bool {
	if g != GroupCustomer || a.Customer == nil || b.Customer == nil {
		return !SameGroup(g, a, b)
	}
	return clash(a.Customer, b.Customer)
}

func clash(a, b *Customer) bool {
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		f, h := x.Field(i), y.Field(i)
		if f.Kind() == reflect.String && !f.IsZero() && !h.IsZero() && f.String() != h.String() {
			return true
		}
	}
	return false
}

// completeCustomer fills what the customer's source leaves open with what
// others say of the same customer: one door knows his number, another his
// address. Who contradicts what is known so far adds nothing; a correction by
// an operator is left as it is.
func (r *roll) completeCustomer(m *Merged) {
	from, ok := m.From[GroupCustomer]
	if !ok || len(r.sources) < 2 || r.corrects(from) {
		return
	}
	whole := *m.Order.Customer
	for _, l := range r.sources {
		if l.Source.Name == from || !l.states(GroupCustomer) || clash(&whole, l.Statement.Customer) {
			continue
		}
		r.fill(m, &whole, l)
	}
	m.Order.Customer = &whole
}

// completeReview adds an invitation that only another source of the same rank
// asks for: a shop may ask for a review of itself in one call, and of the
// products in another. A correction by an operator is left as it is.
func (r *roll) completeReview(m *Merged) {
	at := slices.IndexFunc(r.sources, func(l *Layer) bool { return l.Source.Name == m.From[GroupReview] })
	if at < 0 || len(r.sources) < 2 {
		return
	}
	whole := *m.Order.Review
	for _, l := range r.sources {
		if l.Source.Rank != r.sources[at].Source.Rank || !l.states(GroupReview) {
			continue
		}
		if other := l.Statement.Review; whole.Shop == nil && other.Shop != nil {
			whole.Shop, m.From[GroupReview+".shop"] = other.Shop, l.Source.Name
		}
		if other := l.Statement.Review; whole.Products == nil && other.Products != nil {
			whole.Products, m.From[GroupReview+".products"] = other.Products, l.Source.Name
		}
	}
	m.Order.Review = &whole
}

func (r *roll) corrects(source string) bool {
	for _, l := range r.operators {
		if l.Source.Name == source {
			return true
		}
	}
	return false
}

func (r *roll) fill(m *Merged, whole *Customer, l *Layer) {
	x, y := reflect.ValueOf(whole).Elem(), reflect.ValueOf(l.Statement.Customer).Elem()
	for i := range x.NumField() {
		f, h := x.Field(i), y.Field(i)
		if f.Kind() != reflect.String || !f.IsZero() || h.IsZero() {
			continue
		}
		f.Set(h)
		m.From[GroupCustomer+Group("."+jsonName(x.Type().Field(i)))] = l.Source.Name
	}
}

// jsonName is a field's name as paths have it.
func jsonName(f reflect.StructField) string {
	name := f.Tag.Get("json")
	for i := range name {
		if name[i] == ',' {
			return name[:i]
		}
	}
	return name
}
