package config

import (
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

// readCouriers reads how a shop's goods travel.
func (c *checker) readCouriers(m *mapping, s *Shop) {
	v, ok := m.take("couriers")
	if !ok {
		return
	}
	couriers, ok := v.mapping()
	if !ok {
		return
	}
	ids, names := map[int]string{}, map[string]string{}
	for _, p := range couriers.pairs {
		p.checkName("a courier's name", p.key)
		cm, ok := p.mapping()
		if !ok {
			continue
		}
		before := len(c.complaints)
		courier := c.readCourier(p.key, cm)
		if courier.ID != 0 { // it was read
			unique(cm, "id", ids, courier.ID, p.key)
		}
		unique(cm, "name", names, strings.ToLower(courier.Name), p.key)
		if len(c.complaints) == before {
			s.Couriers = append(s.Couriers, courier)
		}
	}
}

// unique complains where two couriers have one number or name.
func unique[K comparable](m *mapping, field string, taken map[K]string, value K, key string) {
	if other, there := taken[value]; there {
		v, _ := m.take(field)
		v.complain("%s has the same; give every courier one of its own", other)
		return
	}
	taken[value] = key
}

func (c *checker) readCourier(key string, m *mapping) shipping.Courier {
	out := shipping.Courier{Key: key, Name: key}
	if v, ok := m.take("id"); ok {
		m.number("id", &out.ID, 1, shipping.MaxID)
	} else {
		v.complain("is missing; give the courier a number of its own")
	}
	m.text("name", &out.Name)
	m.text("company", &out.Company)
	m.texts("countries", &out.Countries, anyText)
	m.decimal("min_weight", &out.MinWeight)
	m.decimal("max_weight", &out.MaxWeight)
	m.decimal("max_value", &out.MaxValue)
	m.text("cut_off", &out.CutOff)
	m.flag("pickup_points", &out.PickupPoints)
	m.texts("payments", &out.Payments, anyText)
	c.readPrices(m, &out)
	m.text("tracking", &out.Tracking)
	m.done()
	c.complainOf(m, &out)
	return out
}

// complainOf complains of what a courier's settings say, where they could be
// read.
func (c *checker) complainOf(m *mapping, courier *shipping.Courier) {
	said := map[string]bool{}
	for _, complaint := range c.complaints {
		said[complaint.Path] = true
	}
	for _, f := range shipping.Check(courier) {
		path := join(m.path, f.Field)
		if said[path] {
			continue
		}
		at := path
		for c.lines[at] == 0 && at != "" {
			at = at[:max(strings.LastIndexAny(at, ".["), 0)]
		}
		c.complain(c.lines[at], path, "%s", f.Text)
	}
}

// readPrices reads the table of what carrying costs.
func (c *checker) readPrices(m *mapping, courier *shipping.Courier) {
	v, ok := m.take("prices")
	if !ok {
		return
	}
	for i, e := range v.list() {
		row, ok := e.mapping()
		if !ok {
			continue
		}
		c.lines[e.path] = e.line
		var p shipping.Price
		row.text("country", &p.Country)
		row.decimal("up_to", &p.UpTo)
		if _, there := row.take("price"); there {
			row.decimal("price", &p.Price)
		} else {
			c.complain(e.line, fmt.Sprintf("%s[%d].price", v.path, i), "is missing; give an amount such as 12.50")
		}
		row.done()
		courier.Prices = append(courier.Prices, p)
	}
}

func anyText(value, string) bool { return true }

// decimal reads a plain decimal number.
func (m *mapping) decimal(key string, dst *order.Decimal) {
	var s string
	if v, ok := m.text(key, &s); ok {
		d, err := order.ParseDecimal(s)
		if err != nil {
			v.complain("is %s", err)
			return
		}
		*dst = d
	}
}
