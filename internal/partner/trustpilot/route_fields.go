package trustpilot

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// The values of the route's settings.
const (
	standardBase        = "https://api.trustpilot.com"
	standardInvitations = "https://invitations-api.trustpilot.com"

	grantClient   = "client_credentials"
	grantPassword = "password"

	askShop     = "shop"
	askProducts = "products"
	askBoth     = "both"

	waitHere  = "here"
	waitThere = "there"

	lateSend = "send"
	lateOmit = "omit"

	productsWhole = "products"
	productsAny   = "any"
	productsSKUs  = "skus"
)

// routeFields declares the settings of a route.
func routeFields() []partner.Field {
	return []partner.Field{
		{Name: "api_key", Route: true, Kind: partner.Text, Required: true, Secret: true,
			Description: "API key of the application."},
		{Name: "api_secret", Route: true, Kind: partner.Text, Required: true, Secret: true,
			Description: "Secret of the application."},
		{Name: "base_url", Route: true, Kind: partner.URL, Default: standardBase,
			Description: "Address of tokens and business units, with or without /v1."},
		{Name: "invitations_url", Route: true, Kind: partner.URL,
			Description: "Address of the invitations API. Empty: " + standardInvitations + ", or base_url where that is another address than Trustpilot's."},
		{Name: "grant", Route: true, Kind: partner.Text, Default: grantClient, Choices: []string{grantClient, grantPassword},
			Description: "How to log in. client_credentials needs business_user_id, password needs username and password."},
		{Name: "business_user_id", Route: true, Kind: partner.Text,
			Description: "The user on whose behalf invitations are made, an Admin or Manager: x-business-user-id."},
		{Name: "username", Route: true, Kind: partner.Text, Description: "Login e-mail of a Trustpilot Business user, for the grant password."},
		{Name: "password", Route: true, Kind: partner.Text, Secret: true, Description: "That user's password."},
		{Name: "business_unit_id", Route: true, Kind: partner.Text,
			Description: "Id of the business unit. Empty: it is found by domain."},
		{Name: "domain", Route: true, Kind: partner.Text,
			Description: "Domain of the business unit, to find its id by. Needed without business_unit_id."},
		{Name: "ask", Route: true, Kind: partner.Text, Choices: []string{askShop, askProducts, askBoth},
			Description: "What to ask where an order has no wish of its own. Empty: what the shop's reviews settings say, else the shop."},
		{Name: "product_mode", Route: true, Kind: partner.Text, Default: productsWhole, Choices: []string{productsWhole, productsAny, productsSKUs},
			Description: "How products are named: products sends those that have a code, a name, an address and an image; any also those without address or image; skus sends SKUs alone, for an account whose catalogue is uploaded."},
		{Name: "templates", Route: true, Kind: partner.List,
			Description: "Templates of service invitations, each LOCALE=ID (sv-SE=…, sv=…) or ID for all other locales. Empty: the account's default for the language."},
		{Name: "product_templates", Route: true, Kind: partner.List, Description: "Likewise, of product invitations."},
		{Name: "sender_name", Route: true, Kind: partner.Text, Description: "Sender name where an order says none. Empty: the account's."},
		{Name: "sender_email", Route: true, Kind: partner.Text,
			Description: "Sender address where an order says none; its domain must be allowed at Trustpilot. Empty: the account's."},
		{Name: "reply_to", Route: true, Kind: partner.Text, Description: "Reply address where an order says none. Empty: the account's."},
		{Name: "redirect_uri", Route: true, Kind: partner.URL,
			Description: "Where customers go after their review, where an order says nothing: an absolute address. Empty: Trustpilot's page."},
		{Name: "tags", Route: true, Kind: partner.List, Description: "Tags of service invitations beside the order's own."},
		{Name: "send_store", Route: true, Kind: partner.Bool, Default: "false",
			Description: "Send the order's store as locationId where it names no location: only if stores and locations have the same ids."},
		{Name: "locale", Route: true, Kind: partner.Text, Default: "en-US",
			Description: "Locale of orders that have none, or one that Trustpilot does not know."},
		{Name: "locales", Route: true, Kind: partner.List,
			Description: "Locales that Trustpilot knows beside the 25 of the sheet."},
		{Name: "wait", Route: true, Kind: partner.Text, Default: waitHere, Choices: []string{waitHere, waitThere},
			Description: "Where a planned invitation waits: here, so that a refund still cancels it, or there, at Trustpilot, where one invitation can not be cancelled alone."},
		{Name: "late", Route: true, Kind: partner.Text, Default: lateSend, Choices: []string{lateSend, lateOmit},
			Description: "What to do with a planned time that has passed: send it, which means now, or omit it, which means the account's own delay (7 days unless changed) from then on."},
		{Name: "resend_unknown", Route: true, Kind: partner.Bool, Default: "false",
			Description: "Send again what may or may not have arrived. A customer may then be invited twice."},
		{Name: "pass_erasure", Route: true, Kind: partner.Bool, Default: "true",
			Description: "When an order is erased, have Trustpilot delete the invitation data of its e-mail address, which can not be undone."},
		{Name: "webhook_token", Route: true, Kind: partner.Text, Secret: true,
			Description: "Secret of the review webhook, at least 16 characters: the last part of its address, /in/SHOP/ROUTE/TOKEN. Empty: reviews are not received."},
		{Name: "webhook_header", Route: true, Kind: partner.Text,
			Description: "Header in which webhook_token comes instead of in the address, which is then /in/SHOP/ROUTE/."},
		{Name: "per_5_minutes", Route: true, Kind: partner.Int, Default: "833", Description: "Most calls in 5 minutes."},
		{Name: "per_hour", Route: true, Kind: partner.Int, Default: "10000", Description: "Most calls in an hour."},
	}
}

// options are a route's settings, read.
type options struct {
	base, invitations string // without /v1
	key, secret       secret.Text
	grant             string
	user              string // x-business-user-id
	username          string
	password          secret.Text
	unit, domain      string

	ask       string
	products  string         // how they are named
	templates [2]templateSet // of service, of product invitations
	sender    sender
	redirect  string
	tags      []string
	sendStore bool
	locales   locales

	holds         bool // planned invitations wait with us
	omitLate      bool
	resendUnknown bool
	passErasure   bool
	rate          float64 // calls per second

	webhookToken  secret.Text
	webhookHeader string
}

// sender is who a mail comes from.
type sender struct{ name, email, replyTo string }

// readOptions reads the settings; every complaint at once.
func readOptions(s partner.Settings) (options, error) {
	o := options{
		key: s["api_key"].Secret, secret: s["api_secret"].Secret, grant: s.TextOr("grant", grantClient),
		user: s["business_user_id"].Text, username: s["username"].Text, password: s["password"].Secret,
		unit: s["business_unit_id"].Text, domain: s["domain"].Text,
		ask: s["ask"].Text, products: s.TextOr("product_mode", productsWhole),
		sender:   sender{s["sender_name"].Text, s["sender_email"].Text, s["reply_to"].Text},
		redirect: s["redirect_uri"].Text, tags: s["tags"].List, sendStore: s["send_store"].Text == "true",
		holds: s.TextOr("wait", waitHere) == waitHere, omitLate: s["late"].Text == lateOmit,
		resendUnknown: s["resend_unknown"].Text == "true", passErasure: s.TextOr("pass_erasure", "true") == "true",
		webhookToken: s["webhook_token"].Secret, webhookHeader: s["webhook_header"].Text,
	}
	err := errors.Join(o.addresses(s), o.login(), o.limits(s), o.mail(s), o.webhook())
	return o, err
}

func (o *options) addresses(s partner.Settings) error {
	var err, err2 error
	o.base, err = baseURL("base_url", s.TextOr("base_url", standardBase))
	at := s["invitations_url"].Text
	if at == "" {
		if at = o.base; o.base == standardBase {
			at = standardInvitations
		}
	}
	o.invitations, err2 = baseURL("invitations_url", at)
	return errors.Join(err, err2)
}

// baseURL is a configured address without /v1 and without slashes at its end:
// people write both with and without.
func baseURL(name, text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%s: must be an absolute http or https address", name)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%s: must have no query and no fragment", name)
	}
	base := strings.TrimRight(text, "/")
	for strings.HasSuffix(base, "/v1") {
		base = strings.TrimRight(strings.TrimSuffix(base, "/v1"), "/")
	}
	return base, nil
}

func (o *options) login() error {
	var faults []error
	need := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New(what))
		}
	}
	need(o.key.Set(), "api_key: is required")
	need(o.secret.Set(), "api_secret: is required")
	need(o.unit != "" || o.domain != "", "business_unit_id: is required, or domain to find it by")
	switch o.grant {
	case grantClient:
		need(o.user != "", "business_user_id: is required with the grant client_credentials")
	case grantPassword:
		need(o.username != "" && o.password.Set(), "username: is required with the grant password, and so is password")
	default:
		need(false, "grant: must be client_credentials or password")
	}
	return errors.Join(faults...)
}

// limits makes one even rate of both bounds.
func (o *options) limits(s partner.Settings) error {
	short, err := strconv.Atoi(s.TextOr("per_5_minutes", "833"))
	if err != nil || short < 1 {
		return errors.New("per_5_minutes: must be a number from 1")
	}
	long, err := strconv.Atoi(s.TextOr("per_hour", "10000"))
	if err != nil || long < 1 {
		return errors.New("per_hour: must be a number from 1")
	}
	o.rate = min(float64(short)/(5*time.Minute).Seconds(), float64(long)/time.Hour.Seconds())
	return nil
}

// mail reads what invitations look like.
func (o *options) mail(s partner.Settings) error {
	var faults []error
	for i, name := range []string{"templates", "product_templates"} {
		set, err := readTemplates(s[name].List)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
		o.templates[i] = set
	}
	if o.redirect != "" && !absolute(o.redirect) {
		faults = append(faults, errors.New("redirect_uri: must be an absolute http or https address"))
	}
	switch o.ask {
	case "", askShop, askProducts, askBoth:
	default:
		faults = append(faults, errors.New("ask: must be shop, products or both"))
	}
	var err error
	o.locales, err = newLocales(s.TextOr("locale", "en-US"), s["locales"].List)
	return errors.Join(append(faults, err)...)
}

// leastToken is the shortest secret in a webhook's address that nobody guesses.
const leastToken = 16

func (o *options) webhook() error {
	token := o.webhookToken.Reveal()
	switch {
	case token == "" && o.webhookHeader != "":
		return errors.New("webhook_token: is required with webhook_header")
	case token != "" && len(token) < leastToken:
		return fmt.Errorf("webhook_token: must have at least %d characters", leastToken)
	case o.webhookHeader == "" && token != url.PathEscape(token):
		return errors.New("webhook_token: must consist of letters, digits, - and _ where it stands in the address")
	}
	return nil
}

// absolute reports whether text is an address as Trustpilot takes it.
func absolute(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
