package review_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

func TestOptOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	out := func(email string) bool {
		t.Helper()
		v, err := o.book.OptedOut(t.Context(), shop, email)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if err := o.book.OptOut(t.Context(), shop, " Eva@Kund.example"); err != nil {
		t.Fatal(err)
	}
	if !out("eva@kund.example") || !out("EVA@KUND.EXAMPLE ") || out("ola@kund.example") {
		t.Error("who is out")
	}
	if a := o.book.Address(shop, "eva@kund.example"); strings.Contains(a, "eva") || a == o.book.Address("other", "eva@kund.example") {
		t.Errorf("digest %s", a)
	}
	if err := o.book.OptIn(t.Context(), shop, "eva@kund.example"); err != nil || out("eva@kund.example") {
		t.Errorf("in again: %v", err)
	}
}

// The link is enough to be left alone, also when the order's address has
// changed since, and also if the shop sent the link itself.
func TestUnsubscribeByLink(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.state(t, order.Order{ID: "A-1", Customer: &order.Customer{Email: "new@kund.example"}})
	ours, _, err := o.book.Make(t.Context(), shop, "A-1", review.Link{Order: "A-1", Route: "mail", Address: o.book.Address(shop, "old@kund.example")})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.book.Make(t.Context(), shop, "theirs", review.Link{Order: "A-1"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l, err := o.book.Unsubscribe(t.Context(), shop, o.book.Token(shop, "mail", "A-1"))
		if err != nil || !l.OptedOut.Equal(o.now) || l.ID != ours.ID {
			t.Errorf("%+v, %v", l, err)
		}
	}
	for email, want := range map[string]bool{"old@kund.example": true, "new@kund.example": false} {
		if got, _ := o.book.OptedOut(t.Context(), shop, email); got != want {
			t.Errorf("%s: %v", email, got)
		}
	}
	if _, err := o.book.Unsubscribe(t.Context(), shop, o.book.Token(shop, "", "theirs")); err != nil {
		t.Error(err)
	}
	if got, _ := o.book.OptedOut(t.Context(), shop, "new@kund.example"); !got {
		t.Error("the order's address")
	}
	if _, err := o.book.Unsubscribe(t.Context(), shop, "guessed"); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// state has a source say what an order is.
func (o *office) state(t *testing.T, sale order.Order) {
	t.Helper()
	_, err := o.Append(t.Context(), shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: sale.ID}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
		Statement: &order.Statement{Order: sale},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// Of two orders of a customer one has the turn, however they come; the other
// one's comes when the days are over.
func TestTurns(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var all sync.WaitGroup
	var given atomic.Int32
	for _, id := range []string{"A-1", "A-2", "A-3", "A-4", "A-5", "A-6"} {
		all.Go(func() {
			ok, err := o.book.TakeTurn(t.Context(), shop, "eva@kund.example", id, 30)
			if err != nil {
				t.Error(err)
			}
			if ok {
				given.Add(1)
			}
		})
	}
	all.Wait()
	if given.Load() != 1 {
		t.Errorf("%d turns", given.Load())
	}
	take := func(email, id string, days int, want bool) {
		t.Helper()
		if ok, err := o.book.TakeTurn(t.Context(), shop, email, id, days); err != nil || ok != want {
			t.Errorf("%s %s: %v, %v", email, id, ok, err)
		}
	}
	take("ola@kund.example", "B-1", 30, true)
	take("Ola@kund.example", "B-1", 30, true) // a repeat
	take("ola@kund.example", "B-2", 30, false)
	take("ola@kund.example", "B-2", 0, true) // the shop does not care
	if err := o.book.GiveTurnBack(t.Context(), shop, "ola@kund.example", "B-2"); err != nil {
		t.Fatal(err)
	}
	take("ola@kund.example", "B-2", 30, false) // it was not B-2's to give back
	if err := o.book.GiveTurnBack(t.Context(), shop, "ola@kund.example", "B-1"); err != nil {
		t.Fatal(err)
	}
	take("ola@kund.example", "B-2", 30, true)
	o.now = o.now.AddDate(0, 0, 31)
	take("ola@kund.example", "B-3", 30, true)
}

// What is due comes once, in sequence, to the route it is for.
func TestLater(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	sale := order.Order{ID: "A-1", Customer: &order.Customer{Email: "eva@kund.example"}}
	o.state(t, sale)
	l, _, err := o.book.Make(t.Context(), shop, "A-1", review.Link{Order: "A-1", Route: "mail"})
	if err != nil {
		t.Fatal(err)
	}
	token := o.book.Token(shop, "mail", "A-1")
	due, err := o.book.AskAgain(t.Context(), shop, token)
	if err != nil || !due.Equal(o.now.AddDate(0, 0, 15)) {
		t.Fatalf("%v, %v", due, err)
	}
	o.now = o.now.Add(time.Hour)
	if again, err := o.book.AskAgain(t.Context(), shop, token); err != nil || !again.Equal(due) {
		t.Errorf("a second time: %v, %v", again, err)
	}
	if err := o.book.Remind(t.Context(), shop, l, 3); err != nil {
		t.Fatal(err)
	}
	take := func(route, want string) review.Later {
		t.Helper()
		got, ok, err := o.book.TakeLater(t.Context(), shop, route)
		if err != nil || ok != (want != "") || got.Kind != want && ok {
			t.Fatalf("%+v, %v, %v, want %s", got, ok, err, want)
		}
		return got
	}
	take("mail", "")
	o.now = o.now.AddDate(0, 0, 4)
	take("elsewhere", "")
	reminder := take("mail", review.KindReminder)
	take("mail", "")
	o.now = due
	again := take("mail", review.LaterAgain)
	take("mail", "")
	if again.Order != "A-1" || again.Link != l.ID || again.Route != "mail" {
		t.Errorf("%+v", again)
	}
	if err := o.book.PutBack(t.Context(), shop, again); err != nil {
		t.Fatal(err)
	}
	take("mail", "")
	o.now = o.now.Add(time.Hour)
	if back := take("mail", review.LaterAgain); back.Tries != 1 {
		t.Errorf("%+v", back)
	}
	wanted := func(l review.Later, sale *order.Order, want string) {
		t.Helper()
		if _, why, err := o.book.StillWanted(t.Context(), shop, l, sale); err != nil || why != want {
			t.Errorf("%q, %v, want %q", why, err, want)
		}
	}
	with := func(status order.Status) *order.Order { c := sale; c.Status = status; return &c }
	wanted(reminder, &sale, "")
	wanted(reminder, with(order.StatusCancelled), "the order is cancelled")
	left := with(order.StatusCancelled)
	left.Cancellation = &order.Cancellation{AfterPickedUp: true}
	wanted(reminder, left, "")
	wanted(again, with(order.StatusRefunded), "the order is refunded")
	wanted(again, with(order.StatusDelivered), "")
	wanted(again, nil, "the address is erased")
	wanted(again, &order.Order{ID: "A-1"}, "the address is erased")
	wanted(review.Later{Link: "x"}, &sale, "the link is gone")
	marked := func(why string, set func(*review.Link, time.Time), kind review.Later) {
		t.Helper()
		if _, err := o.book.Change(t.Context(), shop, token, func(l *review.Link) { set(l, o.now) }); err != nil {
			t.Fatal(err)
		}
		wanted(kind, &sale, why)
		if _, err := o.book.Change(t.Context(), shop, token, func(l *review.Link) { set(l, time.Time{}) }); err != nil {
			t.Fatal(err)
		}
	}
	marked("answered", func(l *review.Link, at time.Time) { l.Answered = at }, again)
	marked("opted out", func(l *review.Link, at time.Time) { l.OptedOut = at }, reminder)
	marked("the form is closed", func(l *review.Link, at time.Time) { l.Ended = at }, again)
	marked("cancelled by the shop", func(l *review.Link, at time.Time) { l.Stopped = at }, again)
	marked("reminded, or the order is missing", func(l *review.Link, at time.Time) { l.Missing = at }, reminder)
	marked("", func(l *review.Link, at time.Time) { l.Missing = at }, again)
	marked("reminded, or the order is missing", func(l *review.Link, at time.Time) { l.Reminded = at }, reminder)
	marked("asked again already", func(l *review.Link, at time.Time) { l.Asked = at }, again)
	if err := o.book.OptOut(t.Context(), shop, "eva@kund.example"); err != nil {
		t.Fatal(err)
	}
	wanted(again, &sale, "opted out")
}

// The shop stops what was still to be mailed, once.
func TestStop(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := func(name string, l review.Link, reminder int, want bool) {
		t.Helper()
		o.configured.Reminder = number(reminder)
		l.Order, l.Route = name, "mail"
		if _, _, err := o.book.Make(t.Context(), shop, name, l); err != nil {
			t.Fatal(err)
		}
		if got, err := o.book.Stop(t.Context(), shop, "mail", name); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if got, err := o.book.Stop(t.Context(), shop, "mail", name); err != nil || got {
			t.Errorf("%s, once more: %v, %v", name, got, err)
		}
	}
	f("not sent", review.Link{}, 3, false)
	f("reminder", review.Link{Sent: o.now}, 3, true)
	f("no reminder", review.Link{Sent: o.now}, 0, false)
	f("reminded", review.Link{Sent: o.now, Reminded: o.now}, 3, false)
	f("again", review.Link{Sent: o.now, Missing: o.now, Again: o.now}, 0, true)
	f("asked", review.Link{Sent: o.now, Missing: o.now, Again: o.now, Asked: o.now}, 0, false)
	f("answered", review.Link{Sent: o.now, Answered: o.now}, 3, false)
	if got, err := o.book.Stop(t.Context(), shop, "mail", "unknown"); err != nil || got {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAskAgainNever(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := func(name string, l review.Link, again *int) {
		t.Helper()
		o.configured.Again = again
		l.Order = name
		if _, _, err := o.book.Make(t.Context(), shop, name, l); err != nil {
			t.Fatal(err)
		}
		if at, err := o.book.AskAgain(t.Context(), shop, o.book.Token(shop, "", name)); err != nil || !at.IsZero() {
			t.Errorf("%s: %v, %v", name, at, err)
		}
	}
	f("never", review.Link{}, number(0))
	f("test", review.Link{Test: true}, nil)
	f("answered", review.Link{Answered: o.now}, nil)
	f("opted out", review.Link{OptedOut: o.now}, nil)
	f("ended", review.Link{Ended: o.now}, nil)
	f("stopped", review.Link{Stopped: o.now}, nil)
	if _, err := o.book.AskAgain(t.Context(), shop, "guessed"); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("%v", err)
	}
	o.now = o.now.AddDate(1, 0, 0)
	if l, ok, err := o.book.TakeLater(t.Context(), shop, "mail"); ok || err != nil {
		t.Errorf("%+v, %v", l, err)
	}
}
