package deliveryhero

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// callsPerMinute is what the platform's edge lets one address make of calls
	// about the catalogue (FAQ of the catalogue API, seen 2026); we keep all
	// calls of a route within it.
	callsPerMinute = 60
	standardPoll   = 5 * time.Minute
	standardHeader = "Authorization"
)

// routeFields declares the route's settings about the login and orders.
func routeFields() []partner.Field {
	return []partner.Field{
		{Name: "base_url", Route: true, Kind: partner.URL, Required: true,
			Description: "Address of the Partner API, as https://pedidosya.partner.deliveryhero.io/v2, or of an ordermux door."},
		{Name: fieldChain, Route: true, Kind: partner.Text, Required: true, Check: checkUUID,
			Description: "The chain's id, a UUID: it stands in the address of the portal's Shops Integrations plugin."},
		{Name: fieldToken, Route: true, Kind: partner.Text, Secret: true,
			Description: "Token made in the portal. Without it: client_id and client_secret."},
		{Name: fieldClient, Route: true, Kind: partner.Text,
			Description: "OAuth client of the portal, in place of a token."},
		{Name: fieldClientSecret, Route: true, Kind: partner.Text, Secret: true, Description: "Its secret."},
		{Name: fieldHookSecret, Route: true, Kind: partner.Text, Secret: true,
			Description: "Secret of the webhook as it is typed into the portal. Empty: nothing is received, orders are asked for only."},
		{Name: fieldHookHeader, Route: true, Kind: partner.Text, Default: standardHeader, Check: checkHeader,
			Description: "Header in which the webhook brings the secret."},
		{Name: fieldHookPrefix, Route: true, Kind: partner.Text,
			Description: "What stands before the secret in that header, such as Bearer."},
		{Name: "vendors", Route: true, Kind: partner.List, Check: checkOutlet,
			Description: "The chain's outlets, each VENDOR as the platform names it, or STORE=VENDOR where the shop has a name of its own for it. Empty: orders of all that a webhook told of."},
		{Name: fieldBrand, Route: true, Kind: partner.Text, Default: brands[0].Name, Choices: brandNames(),
			Description: "The platform's brand: glovo takes the acceptance of orders that the shop carries itself, the others know none."},
		{Name: "cancel_reason", Route: true, Kind: partner.Text, Default: string(reasonUnavailable),
			Choices:     []string{string(reasonClosed), string(reasonUnavailable), string(reasonBusy)},
			Description: "Why the shop cancelled, where the cancellation does not say in words that the platform has."},
		{Name: "currency", Route: true, Kind: partner.Text, Check: checkCurrency,
			Description: "Currency of the orders, three letters; the platform does not say. Empty: the shop's."},
		{Name: "poll_every", Route: true, Kind: partner.Duration, Default: "5m",
			Description: "How often the platform is asked for orders that no webhook told of."},
		{Name: "calls_per_minute", Route: true, Kind: partner.Int, Default: strconv.Itoa(callsPerMinute),
			Description: "Most calls a minute, all together; a quarter of them is kept for orders."},
	}
}

func checkOutlet(v string) []string {
	if _, err := readOutlet(v); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func readOutlet(v string) (outlet, error) {
	store, vendor, named := strings.Cut(v, "=")
	if !named {
		vendor = store
	}
	o := outlet{Store: strings.TrimSpace(store), Vendor: strings.TrimSpace(vendor)}
	if o.Store == "" || o.Vendor == "" || len(v) > order.MaxID {
		return o, errors.New("vendors: write each VENDOR or STORE=VENDOR")
	}
	return o, nil
}

func checkCurrency(v string) []string {
	if v == "" || len(v) == 3 && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return nil
	}
	return []string{"currency: write three capital letters, as UYU"}
}

// readRoute reads the settings; every complaint at once.
func readRoute(deps partner.Deps, s partner.Settings) (*route, error) {
	r := &route{
		deps: deps, base: strings.TrimRight(s["base_url"].Text, "/"), chain: s[fieldChain].Text,
		opts: routeOptions{
			token: s[fieldToken].Secret, clientID: s[fieldClient].Text, clientSecret: s[fieldClientSecret].Secret,
			webhookSecret: s[fieldHookSecret].Secret, webhookHeader: s.TextOr(fieldHookHeader, standardHeader),
			webhookPrefix: s[fieldHookPrefix].Text, currency: s.TextOr("currency", deps.Currency),
			brand: brandOf(s[fieldBrand].Text), cancelReason: word(s.TextOr("cancel_reason", string(reasonUnavailable))),
			pollEvery: standardPoll, perMinute: callsPerMinute,
		},
	}
	if !strings.HasSuffix(r.base, "/v2") {
		r.base += "/v2"
	}
	var faults []error
	o := &r.opts
	switch {
	case o.token.Set() && (o.clientID != "" || o.clientSecret.Set()):
		faults = append(faults, errors.New("token: give a token, or client_id and client_secret, not both"))
	case (o.clientID != "") != o.clientSecret.Set():
		faults = append(faults, errors.New("client_id: give it together with client_secret"))
	case !o.hasLogin() && s["sftp_host"].Text == "":
		faults = append(faults, errors.New("token: give a token, or client_id and client_secret"))
	}
	faults = append(faults, o.readNumbers(s)...)
	for _, v := range s["vendors"].List {
		out, err := readOutlet(v)
		if err != nil {
			faults = append(faults, err)
		}
		for _, other := range r.vendors {
			if err == nil && (other.Store == out.Store || other.Vendor == out.Vendor) {
				faults = append(faults, fmt.Errorf("vendors: %s is named twice", v))
			}
		}
		r.vendors = append(r.vendors, out)
	}
	r.tokens = newTokens(deps, r.base, o)
	r.pace = newPace(o.perMinute)
	return r, errors.Join(faults...)
}

// hasLogin reports whether there is a login at the API. A route that uploads
// files only has none.
func (o *routeOptions) hasLogin() bool { return o.token.Set() || o.clientID != "" }

func (o *routeOptions) readNumbers(s partner.Settings) (faults []error) {
	if v := s["poll_every"].Text; v != "" {
		every, err := time.ParseDuration(v)
		if err != nil || every < time.Second {
			faults = append(faults, errors.New("poll_every: write a duration of a second or more, as 5m"))
		} else {
			o.pollEvery = every
		}
	}
	if v := s["calls_per_minute"].Text; v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 4 {
			faults = append(faults, errors.New("calls_per_minute: write a number of 4 or more"))
		} else {
			o.perMinute = n
		}
	}
	return faults
}
