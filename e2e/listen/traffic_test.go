package listen_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What callers present. Nothing of it may show.
const (
	adsKey        = "sk-live-4f7a11c09e"
	reviewSecret  = "review-secret-88d1"
	icdfKey       = "ICDF-77-81-Qx3k"
	storefrontKey = "Hurtownia#2026-zima"
)

// Whom they order for: a person of our invention. Nothing of her may show.
var person = struct{ First, Last, Street, Zip, City, Phone, Mail string }{
	"Zofimira", "Łąckowska", "Brzozowa 31", "61-907", "Nowogródek", "+48601772233", "zofimira@klient.example",
}

const website = "7d1f0c52-3b1e-4a39-9d0a-52c1f0a6e9b4"

// traffic are callers of all doors, and what they counted.
type traffic struct {
	hub    string
	client *http.Client

	mu      sync.Mutex
	calls   map[string]int64 // by door and by gate of a door
	faults  map[string]int64
	hidden  map[string]bool // what was presented or handed out while it went on
	number  atomic.Int64
	failure error
}

func newTraffic(hub string) *traffic {
	return &traffic{
		hub: hub, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: time.Minute},
		calls: map[string]int64{}, faults: map[string]int64{}, hidden: map[string]bool{},
	}
}

// hide notes what must not show.
func (t *traffic) hide(words ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range words {
		t.hidden[w] = true
	}
}

// count notes a call under its names, and whether it was one to be refused.
func (t *traffic) count(fault bool, names ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range names {
		t.calls[n]++
		if fault {
			t.faults[n]++
		}
	}
}

func (t *traffic) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failure == nil {
		t.failure = err
	}
}

// run calls by several callers at each door, each so many rounds, or until a
// time.
func (t *traffic) run(ctx context.Context, rounds int, until time.Time) error {
	var all sync.WaitGroup
	for range 2 {
		for _, caller := range []func(context.Context) error{t.citrusad, t.nobody, t.skeepers, t.idosellJSON, t.idosellSOAP} {
			all.Go(func() {
				for n := 0; n < rounds || time.Now().Before(until); n++ {
					if err := caller(ctx); err != nil {
						t.fail(err)
						return
					}
				}
			})
		}
	}
	all.Wait()
	return t.failure
}

// send makes a call and returns the body of its answer, which must have the
// status.
func (t *traffic) send(ctx context.Context, method, path, kind, authorization, body string, status int) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, t.hub+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", kind)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := t.client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != status {
		err = fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	return string(text), err
}

// citrusad hands in a batch of orders, asks for one, and makes a mistake.
func (t *traffic) citrusad(ctx context.Context) error {
	n := t.number.Add(1)
	order := `{"customerId":"` + person.Mail + `","sessionId":"session-of-` + person.First + `","id":"C-%d-%d","orderDate":"2026-05-01T10:00:00Z",` +
		`"orderItems":[{"gtin":"4006381300001","quantity":2,"regularUnitPrice":"12.50","totalOrderItemPriceAfterDiscounts":"25.00"}]}`
	list := []string{fmt.Sprintf(order, n, 1), fmt.Sprintf(order, n, 2), fmt.Sprintf(order, n, 3)}
	_, err := t.send(ctx, "POST", "/citrusad/v1/orders?about="+url.QueryEscape(person.Mail), "application/json", "Basic "+adsKey, `{"orders":[`+strings.Join(list, ",")+`]}`, 200)
	if err != nil {
		return err
	}
	t.count(false, "citrusad")
	if _, err := t.send(ctx, "GET", fmt.Sprintf("/citrusad/v1/orders/C-%d-1", n), "application/json", "Basic "+adsKey, "", 200); err != nil {
		return err
	}
	t.count(false, "citrusad")
	_, err = t.send(ctx, "POST", "/citrusad/v1/orders", "application/json", "Basic "+adsKey, `{"orders":[{"customerId":"`+person.Last, 400)
	t.count(true, "citrusad")
	return err
}

// nobody calls with a key that opens nothing: no shop's capture hears that.
func (t *traffic) nobody(ctx context.Context) error {
	_, err := t.send(ctx, "GET", "/citrusad/v1/orders/C-1-1", "application/json", "Basic sk-wrong-"+adsKey, "", 401)
	t.count(true, "nobody")
	return err
}

// skeepers logs in and hands in purchases.
func (t *traffic) skeepers(ctx context.Context) error {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("review-client:"+reviewSecret))
	text, err := t.send(ctx, "POST", "/skeepers/realms/skeepers/protocol/openid-connect/token", "application/x-www-form-urlencoded", basic,
		"grant_type=client_credentials&client_secret="+reviewSecret, 200)
	if err != nil {
		return err
	}
	t.count(false, "skeepers")
	var login struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &login); err != nil {
		return err
	}
	t.hide(login.Token, basic)
	body := fmt.Sprintf(`[{"purchase_reference":"S-%d","purchase_date":"2026-05-01T10:00:00.000000Z","price":12.5,"consumer":{"first_name":%q,"last_name":%q,"email":%q,"language":"fr","country":"FR"},`+
		`"sales_channel":{"channel":"online","website_id":%q},"solicitation_parameters":{"delay":7,"purchase_event_type":"PURCHASE_ONLY"},"products":[]}]`,
		t.number.Add(1), person.First, person.Last, person.Mail, website)
	_, err = t.send(ctx, "POST", "/skeepers/purchase-event/websites/"+website+"/purchase_events/bulk_sync_insert", "application/json", "Bearer "+login.Token, body, 200)
	t.count(false, "skeepers")
	return err
}

func sha1hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// systemKey is today's, in UTC, which the door takes too.
func (t *traffic) systemKey() string {
	key := sha1hex(time.Now().UTC().Format("20060102") + sha1hex(storefrontKey))
	t.hide(key)
	return key
}

// drop is one order of the drop-ship API, in whatever format.
type drop struct {
	*traffic
	session string
	call    func(ctx context.Context, gate, method, keys, params string, fault int) (session string, err error)
}

// chain logs in, looks, places an order, asks, and makes mistakes.
func (d drop) chain(ctx context.Context, format func(object map[string]any) string) (err error) {
	product := []any{map[string]any{"code": "KX-1", "codeType": "internal", "quantity": 1, "comment": "for " + person.First}}
	address := map[string]any{
		"clientDeliveryAddressFirstName": person.First, "clientDeliveryAddressLastName": person.Last, "clientDeliveryAddressStreet": person.Street,
		"clientDeliveryAddressZipCode": person.Zip, "clientDeliveryAddressCity": person.City, "clientDeliveryAddressCountryId": "PL",
		"clientDeliveryAddressPhone1": person.Phone, "clientDeliveryAddressEmail": person.Mail,
	}
	d.session, err = d.call(ctx, "Authenticate", "authenticate", format(map[string]any{"systemLogin": "sklep-abc", "systemKey": d.systemKey()}), "", 0)
	if err != nil {
		return err
	}
	d.hide(d.session)
	keys := format(map[string]any{"sessionKey": d.session, "dropshippingKey": icdfKey})
	external := fmt.Sprintf("W-%d", d.number.Add(1))
	for _, c := range []struct {
		method string
		params map[string]any
		fault  int
	}{
		{"basketVerification", map[string]any{"products": product}, 0},
		{"getCouriersForBasket", map[string]any{"products": product, "clientDeliveryAddress": address}, 0},
		{"placeOrder", map[string]any{"courierId": 5, "orderExternalId": external, "clientNoteToOrder": "ring at " + person.Last, "clientDeliveryAddress": address, "products": product}, 0},
		{"placeOrder", map[string]any{"courierId": 77, "clientDeliveryAddress": address, "products": product}, 120},
		{"getOrdersStatus", map[string]any{"ordersExternalIds": []any{external}}, 0},
		{"getRecipients", map[string]any{}, 0},
	} {
		if _, err := d.call(ctx, "Dropshipping", c.method, keys, format(c.params), c.fault); err != nil {
			return err
		}
	}
	return nil
}

func (t *traffic) idosellJSON(ctx context.Context) error {
	d := drop{traffic: t, call: func(ctx context.Context, gate, method, keys, params string, fault int) (string, error) {
		body := `{"authenticate":` + keys
		if params != "" {
			body += `,"params":` + params
		}
		text, err := t.send(ctx, "POST", "/idosell/customer-api/?gate="+gate+"/"+method+"/1/json", "application/json", "", body+"}", 200)
		if err != nil {
			return "", err
		}
		t.count(fault != 0, "idosell", gate+"/"+method)
		var answer struct {
			Errors struct {
				Code int `json:"faultCode"`
			} `json:"errors"`
			Session string `json:"sessionKey"`
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Errors.Code != fault {
			return "", fmt.Errorf("%s/%s: fault %d, not %d: %s %w", gate, method, answer.Errors.Code, fault, text, err)
		}
		return answer.Session, nil
	}}
	return d.chain(ctx, func(object map[string]any) string {
		b, err := json.Marshal(object)
		if err != nil {
			panic(err) // of our own making
		}
		return string(b)
	})
}

func (t *traffic) idosellSOAP(ctx context.Context) error {
	d := drop{traffic: t, call: func(ctx context.Context, gate, method, keys, params string, fault int) (string, error) {
		body := `<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="` + method + `"><SOAP-ENV:Body><ns1:` + method + `><request><authenticate>` +
			keys + `</authenticate><params>` + params + `</params></request></ns1:` + method + `></SOAP-ENV:Body></SOAP-ENV:Envelope>`
		text, err := t.send(ctx, "POST", "/idosell/customer-api/?gate="+gate+"/"+method+"/1/soap", "text/xml; charset=utf-8", "", body, 200)
		if err != nil {
			return "", err
		}
		t.count(fault != 0, "idosell", gate+"/"+method)
		var answer struct {
			Response struct {
				Response struct {
					Code    int    `xml:"errors>faultCode"`
					Session string `xml:"sessionKey"`
				} `xml:"response"`
			} `xml:",any"`
		}
		envelope := struct {
			Body any `xml:"Body"`
		}{&answer}
		if err := xml.Unmarshal([]byte(text), &envelope); err != nil || answer.Response.Response.Code != fault {
			return "", fmt.Errorf("%s/%s: fault %d, not %d: %s %w", gate, method, answer.Response.Response.Code, fault, text, err)
		}
		return answer.Response.Response.Session, nil
	}}
	return d.chain(ctx, elements)
}

// elements writes the members of an object as elements, a list as items.
func elements(object map[string]any) string {
	var b strings.Builder
	for name, v := range object {
		fmt.Fprintf(&b, "<%s>%s</%s>", name, element(v), name)
	}
	return b.String()
}

func element(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case map[string]any:
		return elements(v)
	case []any:
		for _, one := range v {
			fmt.Fprintf(&b, "<item>%s</item>", element(one))
		}
	default:
		_ = xml.EscapeText(&b, fmt.Append(nil, v)) // a builder takes everything
	}
	return b.String()
}
