package idosell

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// TestMovedRecipient changes an address: the order that is still open gets it,
// the one that the warehouse has begun with does not.
func TestMovedRecipient(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	begun := c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0).ID
	open := c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0).ID
	if _, err := c.hub.Append(t.Context(), partnertest.Shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: begun}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
		Happening: &order.Happening{Kind: order.KindReady},
	}}); err != nil {
		t.Fatal(err)
	}
	c.must("updateRecipients", session, `{"recipients":[{"clientDeliveryAddressId":"1","clientDeliveryAddressStreet":"Leśna 9"}]}`, 0)
	list, err := c.hub.Merged(t.Context(), partnertest.Shop, []string{begun, open})
	if err != nil || list[0].Recipient.Street != "Polna 3/7" || list[1].Recipient.Street != "Leśna 9" {
		t.Errorf("%+v, %+v, %v", list[0].Recipient, list[1].Recipient, err)
	}
	// Whoever orders to the old address now is somebody else, at the new one the same.
	if s := c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0); s.Recipient != "2" {
		t.Errorf("%+v", s)
	}
	if s := c.must("placeOrder", session, `{`+strings.Replace(toJan, "Polna 3/7", "Leśna 9", 1)+`,`+oneKX+`}`, 0); s.Recipient != "1" {
		t.Errorf("%+v", s)
	}
}

// TestForgottenRecipient erases an order: the door forgets the person too.
func TestForgottenRecipient(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0)
	side, err := newCallback(c.hub.Deps(Partner))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := side.Forget(t.Context(), &c.hub.Entries()[0].Statement.Order); err != nil {
			t.Fatal(err)
		}
	}
	c.must("getRecipients", session, `{}`, 2)
	if s := c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0); s.Recipient != "2" {
		t.Errorf("%+v", s)
	}
	if s := c.must("getRecipients", session, `{}`, 0); len(s.Results) != 1 || s.Results[0].Recipient != "2" {
		t.Errorf("%+v", s.Results)
	}
}

// TestManyRecipients pages through more than are looked at in one go.
func TestManyRecipients(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	s := (&door{deps: c.hub.Deps(Partner)}).cabinet(partnertest.Shop)
	var edits []partner.Edit
	for n := int64(1); n <= statePage+30; n++ {
		key := recipientsKey("sklep-abc") + sortable(n)
		value, err := s.sealed(key, &recipient{Party: order.Party{Street: fmt.Sprint(n)}})
		if err != nil {
			t.Fatal(err)
		}
		edits = append(edits, partner.Edit{Key: key, New: value})
	}
	if done, err := s.Change(t.Context(), edits...); !done || err != nil {
		t.Fatal(done, err)
	}
	got := c.must("getRecipients", c.abc(), `{"resultsPage":5}`, 0)
	if len(got.Results) != 30 || got.Results[0].Recipient != "501" || got.Results[29].Street != "530" {
		t.Errorf("%+v", got.Results)
	}
}

// hasty is a hub where something happens to orders right after they were looked
// at.
type hasty struct {
	partner.Orders
	then func()
}

func (h *hasty) Merged(ctx context.Context, shop string, ids []string) ([]*order.Order, error) {
	list, err := h.Orders.Merged(ctx, shop, ids)
	if h.then != nil {
		then := h.then
		h.then = nil
		then()
	}
	return list, err
}

// TestMovedWhileItShips changes an address while the order for it leaves: it
// has left for the old one.
func TestMovedWhileItShips(t *testing.T) {
	t.Parallel()
	orders := &hasty{}
	c := newOrders(t, "5", func(d *partner.Deps) { orders.Orders, d.Orders = d.Orders, orders })
	session := c.abc()
	id := c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0).ID
	orders.then = func() {
		if _, err := c.hub.Append(t.Context(), partnertest.Shop, []order.Entry{{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
			Happening: &order.Happening{Kind: order.KindShipped},
		}}); err != nil {
			t.Error(err)
		}
	}
	s := c.must("updateRecipients", session, `{"recipients":[{"clientDeliveryAddressId":"1","clientDeliveryAddressStreet":"Leśna 9"}]}`, 0)
	if len(s.Results) != 1 || orders.then != nil {
		t.Fatalf("%+v", s)
	}
	list, err := c.hub.Merged(t.Context(), partnertest.Shop, []string{id})
	if err != nil || list[0].Status != order.StatusShipped || list[0].Recipient.Street != "Polna 3/7" {
		t.Errorf("%+v, %v", list[0].Recipient, err)
	}
	if s := c.must("getRecipients", session, `{}`, 0); s.Results[0].Street != "Leśna 9" {
		t.Errorf("%+v", s.Results)
	}
}

// lists counts what is read of lists.
type lists struct {
	partner.State
	read int
}

func (l *lists) List(ctx context.Context, prefix, after string, limit int) ([]string, [][]byte, error) {
	keys, values, err := l.State.List(ctx, prefix, after, limit)
	l.read += len(keys)
	return keys, values, err
}

// TestPagesOfRecipients reads page after page: each recipient once, and no more
// than the page. One that is forgotten meanwhile moves the others up.
func TestPagesOfRecipients(t *testing.T) {
	t.Parallel()
	read := &lists{}
	c := newOrders(t, "100", func(d *partner.Deps) {
		at := d.At
		d.At = func(shop string) partner.State {
			read.State = at(shop)
			return read
		}
	})
	session := c.abc()
	for n := range 7 {
		c.must("placeOrder", session, `{`+strings.Replace(toJan, "Polna 3/7", fmt.Sprint("Polna ", n), 1)+`,`+oneKX+`}`, 0)
	}
	page := func(n, limit int) (ids []string) {
		t.Helper()
		read.read = 0
		s, err := c.call("getRecipients", session, fmt.Sprintf(`{"resultsPage":%d,"resultsLimit":%d}`, n, limit))
		if err != nil || s.Errors.Code != 0 && s.Errors.Code != 2 {
			t.Fatalf("%+v, %v", s, err)
		}
		for _, r := range s.Results {
			ids = append(ids, r.Recipient)
		}
		return ids
	}
	f := func(n, limit int, most int, want ...string) {
		t.Helper()
		if got := page(n, limit); !slices.Equal(got, want) || read.read > most {
			t.Errorf("page %d of %d: got %v, want %v; %d were read", n, limit, got, want, read.read)
		}
	}
	f(0, 2, 2, "1", "2")
	f(1, 2, 2, "3", "4")
	f(2, 2, 2, "5", "6")
	f(3, 2, 2, "7")
	f(4, 2, 0)
	f(1, 3, 6, "4", "5", "6")
	f(2, 3, 3, "7")
	f(1000, 100, 0)
	f(0, 2, 2, "1", "2")
	s := (&door{deps: c.hub.Deps(Partner)}).cabinet(partnertest.Shop)
	if err := s.forget(t.Context(), "sklep-abc-1"); err != nil {
		t.Fatal(err)
	}
	f(1, 2, 4, "4", "5")
	f(2, 2, 2, "6", "7")
	f(3, 2, 0)
}
