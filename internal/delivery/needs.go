package delivery

import (
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// missing names the needs that the order does not meet, for people, joined by
// ", ".
func missing(needs []partner.Need, o *order.Order) string {
	var lack []string
	for _, n := range needs {
		if o == nil || !meets(n, o) {
			lack = append(lack, needText(n))
		}
	}
	return strings.Join(lack, ", ")
}

// needText is a need in the words of people.
func needText(n partner.Need) string {
	switch n {
	case partner.NeedPrices:
		return "prices of all product lines"
	case partner.NeedEmail:
		return "e-mail address"
	case partner.NeedAddress:
		return "complete delivery address"
	case partner.NeedPlacedAt:
		return "time of the order"
	}
	return strings.ReplaceAll(string(n), "_", " ")
}

func meets(n partner.Need, o *order.Order) bool {
	switch n {
	case partner.NeedLines:
		return len(o.Lines) > 0
	case partner.NeedProducts:
		return hasProduct(o)
	case partner.NeedPrices:
		return order.Priced(o.Lines)
	case partner.NeedEmail:
		return o.Customer != nil && o.Customer.Email != ""
	case partner.NeedName:
		return named(o)
	case partner.NeedAddress:
		return o.Recipient != nil && addressed(o.Recipient)
	case partner.NeedSession:
		return o.Session != ""
	case partner.NeedPlacedAt:
		return !o.PlacedAt.IsZero()
	}
	return false // an unknown need can not be met: better seen as held than sent
}

func hasProduct(o *order.Order) bool {
	for i := range o.Lines {
		if o.Lines[i].Kind == order.LineProduct {
			return true
		}
	}
	return false
}

func named(o *order.Order) bool {
	if c := o.Customer; c != nil && strings.TrimSpace(c.Name+c.FirstName+c.LastName) != "" {
		return true
	}
	r := o.Recipient
	return r != nil && strings.TrimSpace(r.Name+r.FirstName+r.LastName) != ""
}

func addressed(p *order.Party) bool {
	return (p.Street != "" || p.Formatted != "") && p.PostalCode != "" && p.City != "" && p.Country != ""
}

// personal reports whether a need is met by the personal part of an order.
func personal(n partner.Need) bool {
	switch n {
	case partner.NeedEmail, partner.NeedName, partner.NeedAddress, partner.NeedSession:
		return true
	}
	return false
}

func needsPersonal(s *partner.Side) bool {
	for _, n := range s.Needs {
		if personal(n) {
			return true
		}
	}
	return len(s.Invites) > 0
}
