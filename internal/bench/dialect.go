package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
)

// dialect is how orders are handed in at one door.
type dialect struct {
	path   string
	scheme string // of Authorization
	// login exchanges the door's credential for a token; nil: the key is
	// presented as it is.
	login  func(ctx context.Context, hub string) (string, error)
	status int
	named  string // what the answer has before the id of each order; "": it names none
	// A body is open, the orders with commas between them, close.
	open, close string
	order       func(b []byte, variant int) []byte
	stamp       string // what stands before the time of an order; "": it has none
}

// citrus is CitrusAd's dialect, in which most is measured.
var citrus = &dialect{
	path: "/citrusad/v1/orders", scheme: "Basic", status: 200, named: `"id":"` + idPrefix,
	open: `{"orders":[`, close: "]}", order: appendOrder, stamp: `"orderDate":"`,
}

// What the measured hub's doors are configured with.
const (
	benchWebsite = "7d1f0c52-3b1e-4a39-9d0a-52c1f0a6e9b4"
	benchUnit    = "5f0c3b9a1d2e4f6071829304"
	benchClient  = "bench-client"
	benchSecret  = "bench-secret"
)

// reviewDoors is the YAML of the doors of review platforms.
const reviewDoors = "      skeepers: {client_id: " + benchClient + ", client_secret: " + benchSecret + ", website_id: " + benchWebsite + "}\n" +
	"      trustpilot: {api_key: " + benchClient + ", api_secret: " + benchSecret + ", domains: [bench.example], business_unit_id: " + benchUnit + ", require_user: \"false\"}\n"

// skeepers is the dialect of Skeepers' synchronous call.
var skeepers = &dialect{
	path:   "/skeepers/purchase-event/websites/" + benchWebsite + "/purchase_events/bulk_sync_insert",
	scheme: "Bearer", login: loginAt("/skeepers/realms/skeepers/protocol/openid-connect/token"), status: 200,
	named: `"purchase_reference":"` + idPrefix, open: "[", close: "]", order: appendPurchase, stamp: `"purchase_date":"`,
}

// trustpilot is the dialect of Trustpilot's invitations, one at a time.
var trustpilot = &dialect{
	path:   "/trustpilot/v1/private/business-units/" + benchUnit + "/email-invitations",
	scheme: "Bearer", login: loginAt("/trustpilot/v1/oauth/oauth-business-users-for-applications/accesstoken"), status: 202,
	order: appendInvitation,
}

// appendPurchase appends the variant-th order as Skeepers wants it.
func appendPurchase(b []byte, variant int) []byte {
	b = fmt.Appendf(b, `{"purchase_reference":"`+idPrefix+`0000000000","purchase_date":"2026-01-01T00:00:00.000000Z","price":%s,`, price(199+variant*131%9800))
	b = fmt.Appendf(b, `"consumer":{"first_name":"Ada","last_name":"Martin","email":"customer.%06d@mail.example","language":"fr","country":"FR"},`, variant)
	b = append(b, `"sales_channel":{"channel":"online","website_id":"`+benchWebsite+`"},`...)
	b = append(b, `"solicitation_parameters":{"delay":7,"delay_product":14,"purchase_event_type":"BRAND_AND_PRODUCT"},"products":[`...)
	for line := range lineCounts[variant%len(lineCounts)] {
		if line > 0 {
			b = append(b, ',')
		}
		l := lineOf(variant, line)
		b = fmt.Appendf(b, `{"product_ref":{"reference":"P-%s","ean":"%s"},"name":"Product %d","price":%s}`, l.gtin, l.gtin, variant+line, price(l.cents))
	}
	return append(b, "]}"...)
}

// appendInvitation appends the variant-th order as Trustpilot wants it.
func appendInvitation(b []byte, variant int) []byte {
	b = fmt.Appendf(b, `{"consumerEmail":"customer.%06d@mail.example","consumerName":"Ada Martin","referenceNumber":"`+idPrefix+`0000000000",`, variant)
	b = append(b, `"locale":"sv-SE","senderName":"Bench","serviceReviewInvitation":{"preferredSendTime":"2030-01-15T09:00:00","redirectUri":"https://bench.example/thanks","tags":["bench"]},`...)
	l := lineOf(variant, 0)
	b = append(b, `"productReviewInvitation":{"preferredSendTime":"2030-01-22T09:00:00","products":[`...)
	b = fmt.Appendf(b, `{"sku":"P-%s","name":"Product %d","productUrl":"https://bench.example/p/%s","imageUrl":"https://bench.example/i/%s.jpg"}`, l.gtin, variant, l.gtin, l.gtin)
	return append(b, "]}}"...)
}

// loginAt asks an address for a token with client credentials.
func loginAt(path string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, hub string) (string, error) {
		form := url.Values{"grant_type": {"client_credentials"}}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+hub+path, strings.NewReader(form.Encode()))
		if err != nil {
			return "", err
		}
		req.SetBasicAuth(benchClient, benchSecret)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", fmt.Errorf("log in: %w", err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
		if err != nil {
			return "", fmt.Errorf("log in: %w", err)
		}
		var got struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal(body, &got); err != nil || got.Token == "" {
			return "", fmt.Errorf("log in: answer %d: %.200s", answer.StatusCode, body)
		}
		return got.Token, nil
	}
}

// judge says whether an answer takes a batch.
func (d *dialect) judge(a answer, batch int, floor bool) error {
	if floor {
		if a.status != 200 {
			return fmt.Errorf("answer %d: %.200s", a.status, a.body)
		}
		return nil
	}
	if a.status != d.status {
		return fmt.Errorf("answer %d: %.200s", a.status, a.body)
	}
	if n := bytes.Count(a.body, []byte(d.named)); d.named != "" && n != batch {
		return fmt.Errorf("answer names %d orders of %d", n, batch)
	}
	return nil
}

// acceptReviews measures the doors of review platforms beside CitrusAd's, in
// the batches that each takes.
func acceptReviews(ctx context.Context, b *bench) error {
	rates := map[string]float64{}
	for _, m := range []struct {
		subject      string
		dialect      *dialect
		conns, batch int
	}{
		{"citrusad, by fifties", citrus, 8, 50}, {"skeepers, by fifties", skeepers, 8, 50},
		{"citrusad, singly", citrus, 64, 1}, {"trustpilot, singly", trustpilot, 64, 1},
	} {
		rate, err := b.acceptBy(ctx, m.subject, load{dialect: m.dialect, conns: b.connections(m.conns), batch: m.batch})
		if err != nil {
			return fmt.Errorf("%s: %w", m.subject, err)
		}
		rates[m.subject] = rate
	}
	b.compare("skeepers of citrusad by fifties, orders/s", rates["citrusad, by fifties"], rates["skeepers, by fifties"])
	b.compare("trustpilot of citrusad singly, orders/s", rates["citrusad, singly"], rates["trustpilot, singly"])
	return nil
}

func (b *bench) acceptBy(ctx context.Context, subject string, l load) (float64, error) {
	f, err := b.startHub(ctx, "accept-reviews-"+strings.Map(letters, subject), hubConfig{doors: reviewDoors})
	if err != nil {
		return 0, err
	}
	defer f.Stop()
	r, err := f.accept(ctx, b.bounded(l))
	if err != nil {
		return 0, err
	}
	r.Scenario, r.Subject = "accept-reviews", subject
	b.report(r)
	return r.PerSecond, nil
}

// letters keeps what a file's name may have.
func letters(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}
