package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// The ways in for orders that ask for reviews.
const (
	doorSkeepers   = "skeepers"
	doorTrustpilot = "trustpilot"
)

// What the shop's own clients of Skeepers and Trustpilot were configured with.
const (
	hubClient    = "demo-client"
	hubClientKey = "demo-client-secret"
	hubWebsite   = "7d1f0c52-3b1e-4a39-9d0a-52c1f0a6e9b4"
	hubAPIKey    = "demo-api-key"
	hubAPISecret = "demo-api-secret"
	hubDomain    = "nordlys.example"
)

// The orders that ask for reviews. The shop numbers orders from France FR-…,
// from Sweden SE-…: its review routes are divided by that.
const (
	brandOnly   = "FR-1001" // by Skeepers' door
	withProduct = "FR-1002" // likewise
	completed   = "FR-2001" // by CitrusAd's door, which has no address; completed by Skeepers'
	swedish     = "SE-1001" // by Trustpilot's door
	threeDoors  = "SE-2001" // by all three
	english     = "EN-1001" // by Trustpilot's door; no platform takes it
)

// address is the made-up customer of an order.
func address(id string) string { return "customer." + strings.ToLower(id) + "@mail.example" }

// invited says who invites the customer of each order.
var invited = []wanted{
	{ID: brandOnly, Door: doorSkeepers, Review: routeFrance, NoLines: true},
	{ID: withProduct, Door: doorSkeepers, Review: routeFrance, NoLines: true},
	{ID: completed, Door: doorCitrusAd, Review: routeFrance, Lines: []wantedLine{mug}},
	{ID: swedish, Door: doorTrustpilot, Review: routeSweden, NoLines: true},
	{ID: threeDoors, Door: doorCitrusAd, Review: routeSweden, Lines: []wantedLine{mug}},
	{ID: english, Door: doorTrustpilot, Review: routeMail, NoLines: true},
}

// mug is the line of the orders that CitrusAd's door takes.
var mug = wantedLine{Code: "MUG-BLUE", Product: true, Quantity: order.FromInt(2, 0), Unit: order.FromInt(1250, 2), Total: order.FromInt(2400, 2)}

// reviews hands in orders that ask for reviews, each by the API of the
// platform that the shop used until now.
func (f *feed) reviews(ctx context.Context) error {
	if err := f.citrusReviews(ctx); err != nil {
		return fmt.Errorf("door %s: %w", doorCitrusAd, err)
	}
	if err := f.skeepers(ctx); err != nil {
		return fmt.Errorf("door %s: %w", doorSkeepers, err)
	}
	if err := f.trustpilot(ctx); err != nil {
		return fmt.Errorf("door %s: %w", doorTrustpilot, err)
	}
	f.want = append(f.want, invited...)
	return nil
}

// citrusReviews hands in the orders whose sale CitrusAd must hear of: it knows
// a customer's number, no address.
func (f *feed) citrusReviews(ctx context.Context) error {
	for _, id := range []string{completed, threeDoors} {
		body := fmt.Sprintf(`{"orders":[{"customerId":"c-%[1]s","sessionId":"s-%[1]s","orderDate":%[2]q,"id":%[1]q,"orderItems":[
			{"gtin":"MUG-BLUE","quantity":2,"regularUnitPrice":"12.50","totalOrderItemPriceAfterDiscounts":"24.00"}]}]}`, id, now())
		if err := post(ctx, f.hub+"/citrusad/v1/orders", hubKey, []byte(body)); err != nil {
			return err
		}
	}
	f.taken = append(f.taken, taken{Door: doorCitrusAd + ", sales", Calls: 2, Orders: 2})
	return nil
}

// now is the time of orders that are sold now: platforms invite nobody to old
// ones.
func now() string { return time.Now().UTC().Format(time.RFC3339) }

func (f *feed) skeepers(ctx context.Context) error {
	token, err := token(ctx, f.hub+"/skeepers/realms/skeepers/protocol/openid-connect/token", hubClient, hubClientKey, "openid")
	if err != nil {
		return err
	}
	events := []string{event(brandOnly, "fr", ""), event(withProduct, "fr", aMug), event(completed, "fr", ""), event(threeDoors, "sv", aMug)}
	where := f.hub + "/skeepers/purchase-event/websites/" + hubWebsite + "/purchase_events/bulk_sync_insert"
	if err := send(ctx, where, token, "["+strings.Join(events, ",")+"]"); err != nil {
		return err
	}
	f.taken = append(f.taken, taken{Door: doorSkeepers, Calls: 1, Orders: len(events)})
	return nil
}

const aMug = `{"product_ref": {"reference": "MUG-BLUE", "sku": "MUG-BLUE"}, "name": "Blue mug", "price": 12.5, "product_url": "https://nordlys.example/p/mug-blue"}`

// event is a purchase event as Skeepers' API takes it.
func event(id, language, product string) string {
	kind, products := "PURCHASE_ONLY", ""
	if product != "" {
		kind, products = "BRAND_AND_PRODUCT", `,"products": [`+product+`]`
	}
	return fmt.Sprintf(`{"purchase_reference": %q, "purchase_date": %q, "price": 24,
		"consumer": {"first_name": "Ada", "last_name": "Martin", "email": %q, "language": %q},
		"sales_channel": {"channel": "online", "website_id": %q},
		"solicitation_parameters": {"delay": 0, "delay_product": 0, "purchase_event_type": %q}%s}`,
		id, now(), address(id), language, hubWebsite, kind, products)
}

func (f *feed) trustpilot(ctx context.Context) error {
	api := f.hub + "/trustpilot/v1"
	token, err := token(ctx, api+"/oauth/oauth-business-users-for-applications/accesstoken", hubAPIKey, hubAPISecret, "")
	if err != nil {
		return err
	}
	unit, err := get(ctx, api+"/business-units/find?name="+hubDomain+"&apikey="+hubAPIKey, "")
	if err != nil {
		return err
	}
	var found struct {
		ID string `json:"id"`
	}
	if err := json.UnmarshalRead(unit, maxMessage, &found); err != nil {
		return err
	}
	for id, locale := range map[string]string{swedish: "sv-SE", threeDoors: "sv-SE", english: "en-GB"} {
		body := fmt.Sprintf(`{"consumerEmail": %q, "consumerName": "Ada Martin", "referenceNumber": %q, "locale": %q,
			"serviceReviewInvitation": {"preferredSendTime": "2020-01-15T09:00:00", "redirectUri": "https://nordlys.example/thanks", "tags": ["demo"]}}`,
			address(id), id, locale)
		if err := send(ctx, api+"/private/business-units/"+found.ID+"/email-invitations", token, body); err != nil {
			return err
		}
	}
	f.taken = append(f.taken, taken{Door: doorTrustpilot, Calls: 3, Orders: 3})
	return nil
}

// token logs in with client credentials, as a platform's own client does.
func token(ctx context.Context, address, id, key, scope string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(id, key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := answer(req)
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.UnmarshalRead(body, maxMessage, &got); err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	return got.Token, nil
}

// send posts JSON with a token.
func send(ctx context.Context, address, token, body string) error {
	return call(ctx, http.MethodPost, address, token, body, nil)
}
