package trustpilot

import (
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// FuzzInvitation reads anything as the bodies of the door: it never panics,
// what is refused is refused in sentences without a word of the input, and what
// was taken and written again is the same order.
func FuzzInvitation(f *testing.F) {
	f.Add([]byte(`{"consumerEmail":"eva@kund.example","consumerName":"Eva","referenceNumber":"1","locale":"sv_SE","locationId":"L","senderName":"N",` +
		`"senderEmail":"a@b.example","replyTo":"a@b.example","type":"email","serviceReviewInvitation":{"templateId":"t","preferredSendTime":"09/07/2013 13:37:00",` +
		`"redirectUri":"http://a.example","tags":["a"],"x":1},"productReviewInvitation":{"preferredSendTime":"2013-09-07T13:37:00","products":[{"sku":"A",` +
		`"name":"B","productUrl":"http://a.example","imageUrl":"http://a.example","gtin":"1","y":[]}]},"z":{}}`))
	f.Add([]byte(`{"consumerEmail":"e@k.example","consumerName":"E","referenceNumber":"1","productReviewInvitation":{"productSkus":["A"]}}`))
	f.Add([]byte(`{"recipientEmail":"e@k.example","recipientName":"E","tags":["a"]}`))
	f.Add([]byte(`{"consumer":{"email":"e@k.example","name":"E"},"referenceId":"1","products":[{"sku":"A","name":"B","productUrl":"http://a.example"}]}`))
	f.Add([]byte(`{"customerEmails":["e@k.example"]}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		others(body)
		var w wireInvitation
		if decode(body, &w) != nil {
			return
		}
		c := checker{}
		if c.invitation(&w) != nil {
			return
		}
		first := w.toOrder()
		if order.Validate(&first) != nil {
			return
		}
		again, err := json.Marshal(toWire(&first, first.Review.Shop != nil, first.Review.Products != nil))
		if err != nil {
			t.Fatal(err)
		}
		var w2 wireInvitation
		if err := decode(again, &w2); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		second := w2.toOrder()
		first.Extra, second.Extra = nil, nil // never sent
		if first.Review.Products == nil {
			first.Lines = nil
		}
		inUTC(&first)
		inUTC(&second)
		if d := order.Diff(&first, &second); len(d) > 0 {
			t.Fatalf("%v differ after %s", d, again)
		}
	})
}

// inUTC leaves of times what preferredSendTime carries: whole seconds.
func inUTC(o *order.Order) {
	for _, v := range []*order.Invitation{o.Review.Shop, o.Review.Products} {
		if v != nil && !v.SendAt.IsZero() {
			v.SendAt, _ = readSendTime(writeSendTime(v.SendAt.Time()))
		}
	}
}

// others reads a body as every other call would.
func others(body []byte) {
	var l wireLegacy
	if decode(body, &l) == nil && (&checker{}).legacy(&l) == nil {
		m := l.modern()
		_ = m.toOrder()
	}
	var k wireLink
	if decode(body, &k) == nil && (&checker{}).link(&k) == nil {
		_ = k.toOrder()
	}
	var p wireProductLink
	if decode(body, &p) == nil && (&checker{}).productLink(&p) == nil {
		_ = p.toOrder()
	}
	var d wireDelete
	if decode(body, &d) == nil {
		_, _ = d.persons()
	}
	var a wireCatalogue
	if decode(body, &a) == nil {
		_ = checkCatalogue(a.Products)
	}
}

// FuzzForms reads anything as forms and headers of the token calls and the
// login page.
func FuzzForms(f *testing.F) {
	f.Add("grant_type=password&username=a&password=b", "Basic "+base64.StdEncoding.EncodeToString([]byte("a:b")), "https://a.example/b")
	f.Add("tags[]=a&tags[0]=b&tags[1]=c&redirectUri=x", "YTpi", "http://localhost:1")
	f.Add("%zz", "Bearer None", "//a.example")
	f.Fuzz(func(t *testing.T, body, header, back string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if l, err := readLink(httptest.NewRecorder(), r); err == nil {
			_ = (&checker{}).link(&l)
		}
		if id, _, ok := basic(header); ok && strings.Contains(id, ":") {
			t.Error("the id goes beyond the first colon")
		}
		if u := allowedBack(back, []string{"a.example", "localhost"}); u != nil {
			v, err := url.Parse(u.String())
			if err != nil || v.Host != u.Host || v.Scheme != "https" && v.Hostname() != "localhost" || strings.ContainsAny(u.Host, " ;'\"") {
				t.Errorf("%q is sent to %q", back, u)
			}
		}
	})
}

func TestSendTimes(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		got, ok := readSendTime(text)
		if ok != (want != "") || got.String() != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	// The two spellings of Trustpilot's own pages.
	f("2013-09-07T13:37:00", "2013-09-07T13:37:00Z")
	f("09/07/2013 13:37:00", "2013-09-07T13:37:00Z")
	// What clients send.
	f("2013-09-07T13:37:00.123Z", "2013-09-07T13:37:00.123Z")
	f("2013-09-07T13:37:00+02:00", "2013-09-07T13:37:00+02:00")
	f("2013-09-07T13:37:00+0200", "2013-09-07T13:37:00+02:00")
	f("2013-09-07T13:37:00-0500", "2013-09-07T13:37:00-05:00")
	f("2013-09-07 13:37:00", "2013-09-07T13:37:00Z")
	f(" 2013-09-07T13:37:00 ", "2013-09-07T13:37:00Z")
	// What is none.
	f("", "")
	f("13/07/2013 13:37:00", "")
	f("2013-09-07", "")
	f("2013-02-30T00:00:00", "")
	f("soon", "")
	f("1378561020", "")
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"consumerEmail":                           "'Consumer Email' x",
		"serviceReviewInvitation.redirectUri":     "'Redirect Uri' of 'Service Review Invitation' x",
		"productReviewInvitation.products[1].sku": "'Sku' of 'Product Review Invitation Products[1]' x",
		"productReviewInvitation.products[0].mpn": "'Mpn' of 'Product Review Invitation Products[0]' x",
		"productReviewInvitation.productSkus":     "'Product Skus' of 'Product Review Invitation' x",
		"":                                        "'' x",
	} {
		if got := sentence(path, "x"); got != want {
			t.Errorf("%q: %s", path, got)
		}
	}
}

func TestEmails(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"eva@kund.example", "e.v+a_1@x.kund.example", "o'hara@kund.example", "åsa@kund.example", "a@bücher.example", "a@1.example"} {
		if !isEmail(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "eva", "@kund.example", "eva@", "eva@kund", "eva@kund.", "eva@.example", "e va@kund.example", "eva@kund.example ",
		"a@b@kund.example", "eva@-kund.example", ".eva@kund.example", "eva.@kund.example", "e..v@kund.example", "a\nb@kund.example", "<eva@kund.example>",
		"a;b@kund.example", strings.Repeat("x", 65) + "@kund.example", "a@" + strings.Repeat("x", 64) + ".example"} {
		if isEmail(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestResource(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/v1/business-units/find": "business-units/find", "/business-units/find/": "business-units/find", "//v1//v1//x/y//": "x/y",
		"/": "", "": "", "/v1": "", "/v1x/y": "v1x/y", "/v11": "v11",
	} {
		if got, _ := resource(path); got != want {
			t.Errorf("%q: %q", path, got)
		}
	}
}

func TestStars(t *testing.T) {
	t.Parallel()
	if got := (starCount{0, 0, 0, 1, 2}).score(); got != (wireScore{4.7, 4.5}) {
		t.Errorf("%+v", got)
	}
	if got := (starCount{1, 2, 3, 4, 5}).count(); got != (wireReviewCount{15, 15, 1, 2, 3, 4, 5}) {
		t.Errorf("%+v", got)
	}
	if got := (starCount{1, 0, 0, 0, 3}).of(10, 4); got != (starCount{2, 0, 0, 0, 8}) {
		t.Errorf("%v", got)
	}
	if got := (starCount{1, 0, 0, 0, 3}).of(4, 4); got != (starCount{1, 0, 0, 0, 3}) {
		t.Errorf("%v", got)
	}
	if got := (starCount{}).score(); got != (wireScore{}) {
		t.Errorf("%+v", got)
	}
}
