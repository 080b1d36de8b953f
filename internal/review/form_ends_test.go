package review_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

func TestMissing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.settings.Notify = []string{"kund@nordlys.example"}
	path, token := d.link(review.Link{Locale: "fr"})
	for range 2 { // pressed twice
		if status, _, location := d.post(path, "do", "missing"); status != http.StatusSeeOther || location != token+"/missing" {
			t.Fatal(status, location)
		}
	}
	if len(d.entries) != 1 || d.entries[0].Happening.Kind != order.KindMissing || d.entries[0].Subject.ID != "1001" {
		t.Fatalf("%+v", d.entries)
	}
	if len(d.noticed) != 1 || !strings.HasPrefix(d.noticed[0], "nordlys kund@nordlys.example Nordlys Kaffe: order 1001 has not arrived\n") {
		t.Errorf("%q", d.noticed)
	}
	l := d.kept(review.Link{})
	if !l.Missing.Equal(d.now) || !l.Again.Equal(d.now.AddDate(0, 0, review.DefaultAgain)) || !l.Answered.IsZero() {
		t.Errorf("%+v", l)
	}
	later, ok, err := d.book.TakeLater(t.Context(), "nordlys", "")
	if err != nil || ok {
		t.Errorf("asked again at once: %+v, %v", later, err)
	}
	d.now = l.Again
	if later, ok, err = d.book.TakeLater(t.Context(), "nordlys", ""); err != nil || !ok || later.Order != "1001" || later.Kind != review.LaterAgain {
		t.Errorf("%+v, %v", later, err)
	}
	if status, text := d.get(path + "/missing"); status != 200 || !strings.Contains(text, "Nous avons prévenu Nordlys Kaffe") {
		t.Error(status, text)
	}
	// The form is still there, for when it comes.
	_, text := d.get(path)
	d.has(text, "Nordlys Kaffe sait maintenant", `name="stars.shop"`)
	if strings.Contains(text, `value="missing"`) {
		t.Error("asks again whether it is missing")
	}
	if status, _, _ := d.post(path, "stars.shop", "5"); status != http.StatusSeeOther || len(d.entries) != 2 {
		t.Error(status, len(d.entries))
	}
}

func TestMissingWhileTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.settings.Notify = []string{"kund@nordlys.example"}
	path, _ := d.link(review.Link{})
	d.fail = order.ErrReadOnly
	if status, _, _ := d.post(path, "do", "missing"); status != http.StatusServiceUnavailable || len(d.noticed) > 0 || !d.kept(review.Link{}).Missing.IsZero() {
		t.Error(status, d.noticed)
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{Locale: "pl", Address: d.book.Address("nordlys", "anna@nordlys.example")})
	out := func() bool {
		t.Helper()
		out, err := d.book.OptedOut(t.Context(), "nordlys", "Anna@nordlys.example")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	status, text := d.get(path + "/unsubscribe")
	d.has(text, `<form method="post">`, "Nie wysyłajcie mi więcej zaproszeń")
	if status != 200 || out() {
		t.Error("opted out by looking")
	}
	// As RFC 8058 has it: a POST, answered at once and not led elsewhere.
	for range 2 {
		if status, text, _ := d.post(path+"/unsubscribe", "List-Unsubscribe", "One-Click"); status != 200 || !out() {
			t.Error(status, text)
		}
	}
	if resp := d.do("POST", path+"/unsubscribe", "multipart/form-data; boundary=x", "--x--"); resp.StatusCode != 200 {
		t.Error(resp.StatusCode)
	}
	if _, text := d.get(path + "/unsubscribe"); strings.Contains(text, "<form") || !strings.Contains(text, "Nie otrzymasz więcej zaproszeń") {
		t.Error(text)
	}
	if l := d.kept(review.Link{}); l.OptedOut.IsZero() {
		t.Errorf("%+v", l)
	}
}

func TestEndedForm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{
		Products: []review.Product{coffee}, Tags: []string{"a"}, Location: "Lund", Redirect: "https://shop.example/?customer=anna", Address: "digest",
	})
	other, _, err := d.book.Make(t.Context(), "nordlys", "1002", review.Link{Order: "1002"})
	if err != nil {
		t.Fatal(err)
	}
	ended := func(what string) {
		t.Helper()
		if status, text := d.get(path); status != http.StatusGone || !strings.Contains(text, "This invitation has ended") {
			t.Error(what, status, text)
		}
		for _, do := range []string{"send", "missing"} {
			if status, _, _ := d.post(path, "do", do, "stars.shop", "5"); status != http.StatusGone || len(d.entries) > 0 {
				t.Error(what, do, status)
			}
		}
	}
	d.status = order.StatusCancelled
	ended("cancelled")
	d.why = &order.Cancellation{AfterPickedUp: true} // the goods had left
	if status, text := d.get(path); status != 200 {
		t.Error(status, text)
	}
	d.status = order.StatusRefunded // bought, sent back, and worth a word
	if status, text := d.get(path); status != 200 {
		t.Error(status, text)
	}
	for range 2 {
		if err := d.book.EndLinks(t.Context(), "nordlys", "1001"); err != nil {
			t.Fatal(err)
		}
		ended("erased")
	}
	// Nobody knows any more whom it was sent to, and so nobody says that they get
	// no more mails.
	if status, text := d.get(path + "/unsubscribe"); status != http.StatusGone || strings.Contains(text, "<form") {
		t.Error(status, text)
	}
	if status, text, _ := d.post(path+"/unsubscribe", "List-Unsubscribe", "One-Click"); status != http.StatusGone || !strings.Contains(text, "This invitation has ended") {
		t.Error(status, text)
	}
	l := d.kept(review.Link{})
	if l.Products != nil || l.Tags != nil || l.Location+l.Redirect+l.Address != "" || l.Order != "1001" {
		t.Errorf("left of an erased order's link: %+v", l)
	}
	if got, ok, err := d.book.Find(t.Context(), "nordlys", "", "1002"); err != nil || !ok || got.ID != other.ID || !got.Ended.IsZero() {
		t.Errorf("another order's link: %+v, %v", got, err)
	}
}

// Every link of an order is ended, however many there are.
func TestEndsAllLinksOfAnOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 250 {
		l := review.Link{Order: "1001", Source: "trustpilot:default"}
		if _, _, err := d.book.Make(t.Context(), "nordlys", strings.Repeat("x", i), l); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.book.EndLinks(t.Context(), "nordlys", "1001"); err != nil {
		t.Fatal(err)
	}
	for i := range 250 {
		if l, ok, err := d.book.Find(t.Context(), "nordlys", "", strings.Repeat("x", i)); err != nil || !ok || l.Ended.IsZero() {
			t.Fatal(i, ok, err)
		}
	}
}

// What a test mail's form sends is thrown away.
func TestTestForm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, token := d.link(review.Link{Test: true})
	_, text := d.get(path)
	d.has(text, "This is a test")
	if status, _, _ := d.post(path); status != http.StatusUnprocessableEntity {
		t.Error("a test form takes everything", status)
	}
	if status, _, location := d.post(path, "stars.shop", "5"); status != http.StatusSeeOther || location != token+"/thanks" {
		t.Error(status, location)
	}
	if status, _, _ := d.post(path, "do", "missing"); status != http.StatusSeeOther {
		t.Error(status)
	}
	if d.appended > 0 || !d.kept(review.Link{}).Answered.IsZero() || !d.kept(review.Link{}).Missing.IsZero() {
		t.Error("kept")
	}
}
