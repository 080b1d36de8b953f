package mail_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	smtp "github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/mail/sink"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/mail"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
)

// post is a mail server that plays the partner of a case.
type post struct {
	t *testing.T
	*sink.Sink
}

func (p post) Fill() map[string]string {
	return map[string]string{"host": p.Host(), "port": strconv.Itoa(p.Port())}
}

// Got writes the mails down: envelope, head, and both parts.
func (p post) Got() []string {
	var out []string
	for _, m := range p.Mails() {
		out = append(out, written(p.t, m))
	}
	return out
}

// shown are the header fields that a fixture has.
var shown = []string{"From", "To", "Reply-To", "Date", "Message-Id", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post"}

func written(t *testing.T, m sink.Mail) string {
	t.Helper()
	o, err := m.Open()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "MAIL FROM: %s\nRCPT TO: %s\n\n", m.From, strings.Join(m.To, ", "))
	for _, name := range shown {
		if v := o.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	fmt.Fprintf(&b, "Subject: %s\n\n%s\n%s", o.Subject, o.Text, o.HTML)
	return b.String()
}

// play starts the mail server of a case, with the faults of its fault.json and
// the shop's settings of its shop.json.
func play(t *testing.T, hub *partnertest.Hub, path string) partnertest.Player {
	t.Helper()
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	var fault sink.Fault
	if read(t, filepath.Join(path, "fault.json"), &fault) {
		s.Fail(fault)
	}
	read(t, filepath.Join(path, "shop.json"), &hub.Settings)
	return post{t, s}
}

func read(t *testing.T, path string, v any) bool {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return true
}

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRouteBy(t, mail.Partner, "testdata/route", play)
}

// house is a route on a hub with a mail server and a clock.
type house struct {
	*testing.T
	hub  *partnertest.Hub
	sink *sink.Sink
	book *review.Book
	side partner.Side
	now  time.Time
}

func newHouse(t *testing.T, shop review.Settings, set map[string]string) *house {
	t.Helper()
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	h := &house{T: t, sink: s, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	h.hub = partnertest.NewHub(func() time.Time { return h.now })
	h.hub.Settings = shop
	values := map[string]json.Value{}
	for name, v := range map[string]string{"host": `"` + s.Host() + `"`, "port": strconv.Itoa(s.Port()), "tls": `"never"`, "from": `"hej@nordlys.example"`, "timeout": `"20s"`} {
		values[name] = json.Value(v)
	}
	for name, v := range set {
		values[name] = json.Value(v)
	}
	deps := h.hub.Deps(mail.Partner)
	h.book = deps.Reviews
	if h.side, err = mail.Partner.Route(deps, partnertest.Settings(t, mail.Partner, false, values)); err != nil {
		t.Fatal(err)
	}
	return h
}

func sale(id string) *order.Order {
	return &order.Order{ID: id, Locale: "sv-SE", Customer: &order.Customer{Email: "eva@kund.example", FirstName: "Eva", LastName: "Lind"},
		Lines: []order.Line{{Product: order.Product{Code: "BON-250", Name: "Espresso"}}}}
}

// place has the hub accept an order.
func (h *house) place(o *order.Order) {
	h.Helper()
	_, err := h.hub.Append(h.Context(), partnertest.Shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
		Statement: &order.Statement{Order: *o},
	}})
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) deliver(o *order.Order, want partner.Result, code string) partner.Outcome {
	h.Helper()
	got := h.side.Deliver(h.Context(), partnertest.Tasks(*o))[0]
	if got.Result != want || got.Code != code {
		h.Errorf("%+v, want %v %s", got, want, code)
	}
	return got
}

func (h *house) poll() {
	h.Helper()
	if err := h.side.Poll(h.Context()); err != nil {
		h.Fatal(err)
	}
}

func (h *house) mails(n int) []sink.Mail {
	h.Helper()
	got := h.sink.Mails()
	if len(got) != n {
		h.Fatalf("%d mails, want %d", len(got), n)
	}
	return got
}

func (h *house) link(id string) review.Link {
	h.Helper()
	l, ok, err := h.book.Find(h.Context(), partnertest.Shop, "out", id)
	if err != nil || !ok {
		h.Fatalf("link: %v %v", ok, err)
	}
	return l
}

func TestDeclares(t *testing.T) {
	t.Parallel()
	side := newHouse(t, review.Settings{}, nil).side
	if side.Mode != partner.Once || side.Repeat != partner.RepeatNever || !slices.Equal(side.Needs, []partner.Need{partner.NeedEmail}) ||
		!slices.Equal(side.Invites, []string{partner.InviteShop, partner.InviteProducts}) || side.MaxAge < 180*24*time.Hour || side.Timeout < 20*time.Second ||
		side.PollEvery != time.Minute || mail.Partner.Door != nil {
		t.Errorf("%+v", side)
	}
	side = newHouse(t, review.Settings{}, map[string]string{"resend_unknown": "true", "ask": `["products"]`}).side
	if side.Repeat != partner.RepeatSafe || !slices.Equal(side.Invites, []string{partner.InviteProducts}) {
		t.Errorf("%+v", side)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	days := 2
	h := newHouse(t, review.Settings{Delay: &days}, map[string]string{"ask": `["shop"]`})
	p := h.side.Plan(sale("A-1"), h.now, h.now)
	if p.Skip != "" || !p.At.Equal(h.now.AddDate(0, 0, 2)) || !slices.Equal(p.Invites, []string{partner.InviteShop}) {
		t.Errorf("%+v", p)
	}
	o := sale("A-1")
	o.Review = &order.Review{Products: &order.Invitation{}}
	if p := h.side.Plan(o, h.now, h.now); p.Code != "not_asked" || p.Skip == "" {
		t.Errorf("products alone: %+v", p)
	}
	o.Review.Shop = &order.Invitation{SendAt: order.At(h.now.AddDate(0, 1, 0))}
	if p := h.side.Plan(o, h.now, h.now); !p.At.Equal(h.now.AddDate(0, 1, 0)) || !slices.Equal(p.Invites, []string{partner.InviteShop}) {
		t.Errorf("both: %+v", p)
	}
	o.Test = true
	if p := h.side.Plan(o, h.now, h.now); p.Code != "test" {
		t.Errorf("a test order: %+v", p)
	}
}

// Evidence shows the mail without the customer and the way in.
func TestEvidence(t *testing.T) {
	t.Parallel()
	h := newHouse(t, review.Settings{}, nil)
	h.sink.Fail(sink.Fault{Stage: smtp.StageRecipient, Code: 550, Words: "<eva@kund.example>: nobody of that name", Times: 1})
	ctx, trace := outbound.WithTrace(t.Context())
	tasks := partnertest.Tasks(*sale("A-1"))
	for range 2 {
		h.side.Deliver(ctx, tasks)
	}
	if len(trace.Exchanges) != 2 {
		t.Fatalf("%d exchanges", len(trace.Exchanges))
	}
	token := h.book.Token(partnertest.Shop, "out", "A-1")
	for i, status := range []int{550, 250} {
		x := trace.Exchanges[i]
		all := x.URL + x.RequestHead + string(x.RequestBody) + string(x.ResponseBody) + x.Error
		for _, hidden := range []string{"eva@", "Eva", "Lind", token} {
			if strings.Contains(all, hidden) {
				t.Errorf("shows %q: %s", hidden, all)
			}
		}
		if x.Method != "SMTP" || x.Status != status || x.RequestSize == 0 || !strings.Contains(all, "Hej [masked]!") || !strings.Contains(x.RequestHead, "Message-ID: <key-1@") {
			t.Errorf("%+v", x)
		}
	}
	if len(h.mails(1)) == 1 && h.link("A-1").Sent.IsZero() {
		t.Error("the link is not marked as sent")
	}
}

// Whom the gate stops nobody mails.
func TestGate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, review.Settings{}, nil)
	asked := 0
	ctx := outbound.WithGate(t.Context(), func() bool { asked++; return false })
	if got := h.side.Deliver(ctx, partnertest.Tasks(*sale("A-1")))[0]; got.Result != partner.ResultLater || got.Code != "smtp_leave" || asked == 0 {
		t.Errorf("%+v, asked %d times", got, asked)
	}
	h.mails(0)
}

func TestOptedOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, review.Settings{}, nil)
	if err := h.book.OptOut(t.Context(), partnertest.Shop, "EVA@kund.example"); err != nil {
		t.Fatal(err)
	}
	h.deliver(sale("A-1"), partner.ResultDeclined, "opted_out")
	h.mails(0)
}

// A refused mail leaves the customer's turn to the next order, an unknown one
// does not; nor does one that was put off.
func TestFrequency(t *testing.T) {
	t.Parallel()
	days := 30
	h := newHouse(t, review.Settings{Frequency: &days}, nil)
	h.sink.Fail(sink.Fault{Stage: smtp.StageRecipient, Code: 550, Times: 1})
	h.deliver(sale("A-1"), partner.ResultRefused, "smtp_550")
	h.sink.Fail(sink.Fault{Stage: smtp.StageData, Code: 451, Times: 1})
	h.deliver(sale("A-2"), partner.ResultLater, "smtp_451")
	h.deliver(sale("A-3"), partner.ResultDeclined, "invited_lately")
	h.sink.Fail(sink.Fault{Stage: smtp.StageData, Drop: true, Times: 1})
	h.deliver(sale("A-2"), partner.ResultUnknown, "smtp_data")
	h.deliver(sale("A-3"), partner.ResultDeclined, "invited_lately")
	h.now = h.now.AddDate(0, 0, 31)
	h.deliver(sale("A-3"), partner.ResultDelivered, "")
	h.mails(1)
}

// What changes between two attempts is in the second one's mail and form.
func TestCorrectedBetweenAttempts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, review.Settings{}, nil)
	h.sink.Fail(sink.Fault{Stage: smtp.StageRecipient, Code: 450, Times: 1})
	o := sale("A-1")
	h.deliver(o, partner.ResultLater, "smtp_450")
	o.Locale, o.Customer.Email = "pl", "ewa@kund.example"
	o.Review = &order.Review{Shop: &order.Invitation{}, Products: &order.Invitation{}}
	h.deliver(o, partner.ResultDelivered, "")
	l := h.link("A-1")
	if l.Locale != "pl" || len(l.Kinds) != 2 || len(l.Products) != 1 || l.Address != h.book.Address(partnertest.Shop, "ewa@kund.example") {
		t.Errorf("%+v", l)
	}
	if got := h.mails(1)[0]; got.To[0] != "ewa@kund.example" || !strings.Contains(string(got.Data), "Espresso") {
		t.Errorf("%s", got.Data)
	}
}

// The one reminder: at its time, in its own words, by the same link, once.
func TestReminder(t *testing.T) {
	t.Parallel()
	days := 5
	h := newHouse(t, review.Settings{Reminder: &days}, nil)
	for _, id := range []string{"A-1", "A-2", "A-3", "A-4"} {
		o := sale(id)
		o.Customer.Email = id + "@kund.example"
		h.place(o)
		h.deliver(o, partner.ResultDelivered, "")
	}
	// Meanwhile one answers, one cancels, one is erased.
	if _, err := h.book.Mark(t.Context(), partnertest.Shop, h.link("A-2").ID, func(l *review.Link) { l.Answered = h.now }); err != nil {
		t.Fatal(err)
	}
	_, err := h.hub.Append(t.Context(), partnertest.Shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: "A-3"}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
		Happening: &order.Happening{Kind: order.KindCancelled},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.hub.Forget("A-4")
	h.now = h.now.AddDate(0, 0, 4)
	h.poll()
	h.mails(4)
	h.now = h.now.AddDate(0, 0, 1)
	// The server is away at first: nothing is lost, nothing goes twice.
	h.sink.Fail(sink.Fault{Stage: smtp.StageRecipient, Code: 450, Times: 1})
	if err := h.side.Poll(t.Context()); err == nil {
		t.Error("a poll that could not send says nothing")
	}
	if !h.link("A-1").Reminded.IsZero() {
		t.Error("marked, though it has not gone")
	}
	for range 3 {
		h.now = h.now.Add(time.Hour)
		h.poll()
	}
	o, err := h.mails(5)[4].Open()
	if err != nil {
		t.Fatal(err)
	}
	l := h.link("A-1")
	url := h.book.URL(partnertest.Shop, h.book.Token(partnertest.Shop, "out", "A-1"))
	if !strings.HasPrefix(o.Subject, "Påminnelse") || !strings.Contains(o.Text, url+"\n") || o.Header.Get("Message-Id") != "<reminder-"+l.ID+"@nordlys.example>" || l.Reminded.IsZero() {
		t.Errorf("%+v\n%s", o.Header, o.Text)
	}
}

// "I have not received my order": one later invitation, whatever the answer
// to it was. An unknown one is not sent again.
func TestAskedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, review.Settings{}, nil)
	for _, id := range []string{"A-1", "A-2"} {
		h.place(sale(id))
		h.deliver(sale(id), partner.ResultDelivered, "")
		token := h.book.Token(partnertest.Shop, "out", id)
		if _, err := h.book.AskAgain(t.Context(), partnertest.Shop, token); err != nil {
			t.Fatal(err)
		}
		if _, err := h.book.Change(t.Context(), partnertest.Shop, token, func(l *review.Link) { l.Missing = h.now }); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Second) // due in this sequence
	}
	// And a link that the shop handed to a customer by itself.
	h.place(sale("A-3"))
	if _, _, err := h.book.Make(t.Context(), partnertest.Shop, "ref", review.Link{Order: "A-3", Kinds: []string{order.AboutShop}, Missing: h.now}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.book.AskAgain(t.Context(), partnertest.Shop, h.book.Token(partnertest.Shop, "", "ref")); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.AddDate(0, 0, review.DefaultAgain)
	h.sink.Fail(sink.Fault{Stage: smtp.StageData, Drop: true, Taken: true, Times: 1})
	for range 3 {
		h.poll()
		h.now = h.now.Add(time.Hour)
	}
	got := h.mails(5)
	for i, id := range []string{"A-1", "A-2", "A-3"} {
		o, err := got[2+i].Open()
		if err != nil {
			t.Fatal(err)
		}
		url := h.book.URL(partnertest.Shop, h.book.Token(partnertest.Shop, "out", id))
		if !strings.Contains(o.Text, "inte hade kommit fram") || !strings.Contains(o.Text, url+"\n") {
			t.Errorf("%s:\n%s", id, o.Text)
		}
	}
	if h.link("A-1").Asked.IsZero() || h.link("A-2").Asked.IsZero() {
		t.Error("not marked")
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	h := newHouse(t, review.Settings{}, nil)
	if said, err := h.side.Connect(t.Context()); err != nil || said == "" {
		t.Errorf("%q, %v", said, err)
	}
	h.mails(0)
	h.sink.Close()
	if _, err := h.side.Connect(t.Context()); err == nil {
		t.Error("nobody is there")
	}
	h.deliver(sale("A-1"), partner.ResultLater, "smtp_connect")
	deps := partner.Deps{Now: time.Now, PublicURL: "https://hub.example"}
	if _, err := mail.Partner.Route(deps, partner.Settings{}); err == nil || !strings.Contains(err.Error(), "no mail server") {
		t.Errorf("%v", err)
	}
	deps.PublicURL, deps.Mail = "", &smtp.Server{Host: "mail.example", From: "hej@nordlys.example"}
	if _, err := mail.Partner.Route(deps, partner.Settings{}); err == nil || !strings.Contains(err.Error(), "public_url") {
		t.Errorf("%v", err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	f := func(want string, set map[string]partner.Value) {
		t.Helper()
		_, err := mail.Partner.Route(partner.Deps{}, set)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	host, from, hush := partner.Value{Text: "mail.example"}, partner.Value{Text: "hej@nordlys.example"}, partner.Value{Secret: secret.New("hush")}
	f("from: must be the sender's", partner.Settings{"host": host})
	f("from: belongs to a mail server", partner.Settings{"from": from})
	f("password: belongs to a mail server", partner.Settings{"password": hush})
	f("username: belongs together", partner.Settings{"host": host, "from": from, "password": hush})
	f("username: belongs together", partner.Settings{"host": host, "from": from, "username": {Text: "a"}})
	f("port: must be", partner.Settings{"host": host, "from": from, "port": {Text: "0"}})
	f("timeout: must be", partner.Settings{"timeout": {Text: "10m"}})
}
