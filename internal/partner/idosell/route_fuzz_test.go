package idosell

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

func FuzzReadNotice(f *testing.F) {
	for _, seed := range [][2]string{
		{"", `{"event":"orderShipped","orderId":"sklep-abc-17","orderSerialNumber":20981,"packages":[{"deliveryPackageNumber":"0000123456789U"}]}`},
		{"", `<n:x xmlns:n="y"><orderId>a-1</orderId><orderSerialNumber>007</orderSerialNumber><p><item/></p></n:x>`},
		{"", `<!DOCTYPE x [<!ENTITY e "&e;&e;">]><orderId>&e;</orderId>`},
		{"orderId=a-1&trackingNumber=P", "order_external_id=WWW-1&packages[0][consignment]=P2"},
		{"", strings.Repeat("[", 100) + `{"orderId":"a"}`},
		{"", strings.Repeat("<a>", 100)},
		{"", "\xef\xbb\xbf{\"orderSerialNumber\":-1e9}"},
		{"%zz", "%zz"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		values, _ := url.ParseQuery(query)
		n := readNotice(values, []byte(body))
		for what, list := range n {
			if len(list) > mostNoticeWords {
				t.Fatalf("%d words of %s", len(list), what)
			}
			for _, word := range list {
				if !plainID(word) {
					t.Fatalf("%s %q", what, word)
				}
			}
		}
		for _, h := range n.hints() {
			if h.Value == "" || h.By != byID && h.By != bySerial && h.By != byExternal {
				t.Fatalf("%+v", h)
			}
		}
	})
}

// TestNoticeReadsNoEntities: a document type ends the reading.
func TestNoticeReadsNoEntities(t *testing.T) {
	t.Parallel()
	n := readNotice(nil, []byte(`<!DOCTYPE x [<!ENTITY e "sklep-abc-1">]><x><orderId>&e;</orderId></x>`))
	if len(n) != 0 {
		t.Errorf("%v", n)
	}
}

// FuzzReadAnswer reads whatever a wholesaler answers, in both formats, as far as
// events and couriers.
func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"errors":{"faultCode":0,"faultString":""},"results":[{"orderId":"a-1","orderStatus":"finished","orderDispatchDate":"2026-04-08 14:02:11","packages":[{"deliveryPackageNumber":"P"}]}]}`,
		`{"errors":{"faultCode":"101","faultString":"sesja"},"results":{}}`,
		`{"results":[{"courierId":"5","deliveryCost":"x"},{"courierId":5}]}`,
		`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><m><r><errors><faultCode>0</faultCode></errors><results><item><orderId>a</orderId><packages><deliveryPackageNumber>P</deliveryPackageNumber></packages></item></results></r></m></e:Body></e:Envelope>`,
		`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:Client</faultcode><faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>`,
		`[]`, ``, `null`, `{"errors":null,"products":[{"quantity":"1e9"}]}`,
	} {
		f.Add(seed, 200)
	}
	side := func(format string) *route {
		r, err := routeOf(format)
		if err != nil {
			f.Fatal(err)
		}
		return r
	}
	routes := []*route{side(formatJSON), side(formatSOAP)}
	f.Fuzz(func(t *testing.T, body string, status int) {
		for _, r := range routes {
			for _, method := range []string{opOrdersStatus, opCouriersForBasket, opBasketImport, opPlaceOrder, opAuthenticate} {
				v, fail := r.decode(r.opts.dialect.op(method), outbound.Reply{Status: status, Body: []byte(body)})
				if fail != nil && (fail.label == "" || len(fail.words) > 400) {
					t.Fatalf("%+v", fail)
				}
				for _, item := range v.At("results").Items() {
					foreignOf(item)
					at := &followed{Order: "W", ID: "a-1", Lines: []order.Line{{ID: "1"}}}
					for _, p := range r.parcels(at, item) {
						h := &order.Happening{Kind: order.KindShipped, At: r.dispatched(item), Ref: p.Number, Parcel: &p}
						if invalid := order.ValidateHappening(h); invalid != nil {
							t.Fatalf("%v", invalid)
						}
					}
				}
				r.opts.choose(nil, offers(v))
				differs([]wanted{{codeType: "internal", code: "a", quantity: order.FromInt(1, 0)}}, v.At("products"))
			}
		}
	})
}

// routeOf is a route whose wholesaler is nobody.
func routeOf(format string) (*route, error) {
	opts, err := readOptions(partner.Settings{
		"base_url": {Text: "https://hurtownia.example"}, "format": {Text: format}, fieldLogin: {Text: "a"},
		fieldPassword: {Secret: secret.New("b")}, fieldDropshippingKey: {Secret: secret.New("c")},
	})
	r := &route{opts: opts}
	r.deps.Now = func() time.Time { return time.Unix(1e9, 0) }
	return r, err
}

// FuzzExternalOf: numbers of orders become short plain ones that stay apart.
func FuzzExternalOf(f *testing.F) {
	f.Add("WWW-1", "WWW-2", "")
	f.Add(strings.Repeat("x", 65), strings.Repeat("x", 66), "second")
	f.Fuzz(func(t *testing.T, a, b, apart string) {
		x, y := externalOf(a, apart), externalOf(b, apart)
		if len([]rune(x)) > mostExternal || clean(x) != x || externalOf(a, apart) != x {
			t.Fatalf("%q", x)
		}
		if a != b && x == y && !strings.Contains(x, "~") {
			t.Fatalf("%q and %q are both %q", a, b, x)
		}
	})
}
