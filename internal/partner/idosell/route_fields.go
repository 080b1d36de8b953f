package idosell

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// The values of the route's settings.
const (
	formatSOAP = "soap"
	formatJSON = "json"

	codeInternalWord = "internal"
	codeProducerWord = "producer"
	codeExternalWord = "external"

	stockRefuse = "refuse"
	stockWait   = "wait"

	standardEndpoint = "{base}/customer-api/?gate={function}/{method}/{version}/{format}"
	standardZone     = "Europe/Warsaw"
	standardPoll     = 15 * time.Minute

	// leastNoticeToken is how long the secret in the notice's address is at least.
	leastNoticeToken = 16
	// any stands for everything that no other element of a list names.
	anyOther = "*"
)

// routeFields declares the settings of a route; dialect is among the door's.
func routeFields() []partner.Field {
	return []partner.Field{
		{Name: "base_url", Route: true, Kind: partner.URL, Required: true, Account: true,
			Description: "Address of the wholesaler's panel (its technical domain), or of an ordermux door."},
		{Name: fieldLogin, Route: true, Kind: partner.Text, Required: true, Account: true, Check: checkLogin,
			Description: "Login of the shop's customer account at the wholesaler. Routes with one login must have one connection."},
		{Name: fieldPassword, Route: true, Kind: partner.Text, Required: true, Secret: true, Keep: kept,
			Description: "Password of that account, or the SHA-1 of it in hexadecimal digits, which is all that is kept."},
		{Name: fieldDropshippingKey, Route: true, Kind: partner.Text, Required: true, Secret: true,
			Description: "Key that the wholesaler gave, in its panel the ICDF access key."},
		{Name: "format", Route: true, Kind: partner.Text, Default: formatSOAP, Choices: []string{formatSOAP, formatJSON},
			Description: "How calls are written."},
		{Name: "endpoint", Route: true, Kind: partner.Text, Default: standardEndpoint, Check: checkEndpoint,
			Description: "Address of a call: {base} is base_url, {function} the gate, then {method}, {version} and {format}."},
		{Name: "zone", Route: true, Kind: partner.Text, Default: standardZone, Check: checkZone,
			Description: "Time zone of the wholesaler: of the date in the login's key, and of times in answers."},
		{Name: "couriers", Route: true, Kind: partner.List, Check: checkCourier,
			Description: "The wholesaler's couriers for the shop's delivery methods, each METHOD=ID (home=5), or *=ID for all other methods. A method is compared with the order's shipping method, then with its courier."},
		{Name: "courier_fallback", Route: true, Kind: partner.Bool, Default: "false",
			Description: "Where the courier of an order is not offered for its basket and address, or none is named for its method: take the cheapest that is offered. Never for an order with a pickup point, and never a courier that delivers to points only."},
		{Name: "poll_every", Route: true, Kind: partner.Duration, Default: "15m",
			Description: "How often the open orders' statuses are asked for."},
		{Name: "code_type", Route: true, Kind: partner.Text, Default: codeInternalWord, Choices: []string{codeInternalWord, codeProducerWord, codeExternalWord},
			Description: "Which code names a product to the wholesaler: internal is the product's code (else its SKU), producer its GTIN (else the producer's code), external its code in an external system (else its own)."},
		{Name: "payment", Route: true, Kind: partner.Text, Choices: []string{"prepaid", "cash_on_delivery", "tradecredit"},
			Description: "How the shop settles with the wholesaler. Empty: as its account says."},
		{Name: "billing_company", Route: true, Kind: partner.Text,
			Description: "Company on the wholesaler's invoices. All of billing_* empty: the data of the account."},
		{Name: "billing_tax_id", Route: true, Kind: partner.Text, Description: "Tax number of the shop."},
		{Name: "billing_street", Route: true, Kind: partner.Text, Description: "Street and number of the shop."},
		{Name: "billing_zip", Route: true, Kind: partner.Text, Description: "Postal code of the shop."},
		{Name: "billing_city", Route: true, Kind: partner.Text, Description: "Town of the shop."},
		{Name: "billing_country", Route: true, Kind: partner.Text, Check: checkAnyCountry, Description: "Country of the shop, two letters."},
		{Name: "billing_phone", Route: true, Kind: partner.Text, Description: "Telephone number of the shop."},
		{Name: "tracking", Route: true, Kind: partner.List, Check: checkTracking,
			Description: "Links under which parcels are followed, each ID=https://…/{parcel}, or *=… for all other couriers. A link that the wholesaler gives comes first."},
		{Name: "notice_token", Route: true, Kind: partner.Text, Secret: true,
			Description: "Secret of the shipped notice, at least 16 characters: the last part of its address, /in/SHOP/ROUTE/TOKEN. Empty: notices are not received, statuses are asked for only."},
		{Name: "out_of_stock", Route: true, Kind: partner.Text, Default: stockRefuse, Choices: []string{stockRefuse, stockWait},
			Description: "What to do with an order that the wholesaler can not send in full: refuse it for a person, or wait and ask again until the route's time for retries is over."},
	}
}

// options are a route's settings, read.
type options struct {
	base, endpoint  string
	login           string
	inner           secret.Text // the SHA-1 of the password
	dropshippingKey secret.Text
	format          string
	dialect         *dialect
	zone            *time.Location
	couriers        []courierFor
	fallback        bool
	pollEvery       time.Duration
	codeType        string
	payment         string
	billing         order.Party
	tracking        map[string]string // by courier's id, or anyOther
	noticeToken     secret.Text
	waits           bool // for stock
}

// courierFor is the wholesaler's courier for a method of the shop.
type courierFor struct {
	method string
	id     int
}

// readOptions reads the settings; every complaint at once.
func readOptions(s partner.Settings) (options, error) {
	o := options{
		base: strings.TrimRight(s["base_url"].Text, "/"), endpoint: s.TextOr("endpoint", standardEndpoint),
		login: s[fieldLogin].Text, inner: secret.New(kept(s[fieldPassword].Secret.Reveal())),
		dropshippingKey: s[fieldDropshippingKey].Secret, format: s.TextOr("format", formatSOAP),
		fallback: s["courier_fallback"].Text == "true", codeType: s.TextOr("code_type", codeInternalWord),
		payment: s["payment"].Text, noticeToken: s["notice_token"].Secret,
		waits: s.TextOr("out_of_stock", stockRefuse) == stockWait,
		billing: order.Party{
			Company: s["billing_company"].Text, TaxID: s["billing_tax_id"].Text, Street: s["billing_street"].Text,
			PostalCode: s["billing_zip"].Text, City: s["billing_city"].Text,
			Country: strings.ToUpper(s["billing_country"].Text), Phone: s["billing_phone"].Text,
		},
	}
	err := errors.Join(o.places(s), o.times(s), o.names(s), o.notices())
	return o, err
}

// places reads where calls go, and in which words.
func (o *options) places(s partner.Settings) (err error) {
	var errs []error
	if u, err := url.Parse(o.base); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, errors.New("base_url is no plain http(s) address"))
	}
	if checkEndpoint(o.endpoint) != nil {
		errs = append(errs, errors.New("endpoint must hold {function} and {method}"))
	}
	if o.dialect, err = readDialect(s[fieldDialect].Text); err != nil {
		errs = append(errs, fmt.Errorf("dialect: %w", err))
	}
	return errors.Join(errs...)
}

func (o *options) times(s partner.Settings) (err error) {
	var errs []error
	if o.zone, err = time.LoadLocation(s.TextOr("zone", standardZone)); err != nil {
		errs = append(errs, errors.New("zone is no time zone such as "+standardZone))
	}
	o.pollEvery = standardPoll
	if text := s["poll_every"].Text; text != "" {
		if o.pollEvery, err = time.ParseDuration(text); err != nil || o.pollEvery < time.Second {
			errs = append(errs, errors.New("poll_every must be a time of at least 1s"))
		}
	}
	return errors.Join(errs...)
}

// names reads the lists.
func (o *options) names(s partner.Settings) error {
	var errs []error
	for _, text := range s["couriers"].List {
		c, ok := readCourier(text)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("couriers: %q is not METHOD=ID", text))
		case slices.ContainsFunc(o.couriers, func(b courierFor) bool { return strings.EqualFold(b.method, c.method) }):
			errs = append(errs, fmt.Errorf("couriers: %s stands there twice", c.method))
		default:
			o.couriers = append(o.couriers, c)
		}
	}
	o.tracking = map[string]string{}
	for _, text := range s["tracking"].List {
		id, link, ok := readTracking(text)
		if !ok {
			errs = append(errs, fmt.Errorf("tracking: %q is not ID=https://…%s", text, parcelMark))
			continue
		}
		o.tracking[id] = link
	}
	return errors.Join(errs...)
}

// readCourier reads "home=5"; false: it is of another form.
func readCourier(text string) (courierFor, bool) {
	method, id, _ := cutLast(text)
	n, err := strconv.Atoi(id)
	c := courierFor{strings.TrimSpace(method), n}
	return c, err == nil && n > 0 && c.method != ""
}

// readTracking reads "5=https://…/{parcel}"; false: it is of another form.
func readTracking(text string) (id, link string, ok bool) {
	id, link, _ = strings.Cut(text, "=")
	id, link = strings.TrimSpace(id), strings.TrimSpace(link)
	n, err := strconv.Atoi(id)
	return id, link, (id == anyOther || err == nil && n > 0) && strings.Contains(link, parcelMark) && webLink(link)
}

// cutLast cuts at the last equals sign: a method may hold one.
func cutLast(text string) (before, after string, found bool) {
	i := strings.LastIndexByte(text, '=')
	if i < 0 {
		return text, "", false
	}
	return text[:i], strings.TrimSpace(text[i+1:]), true
}

func (o *options) notices() error {
	if o.noticeToken.Set() && len(o.noticeToken.Reveal()) < leastNoticeToken {
		return fmt.Errorf("notice_token needs at least %d characters", leastNoticeToken)
	}
	if strings.ContainsAny(o.noticeToken.Reveal(), "/?#% ") {
		return errors.New("notice_token can not stand in an address: use letters and digits")
	}
	return nil
}

// parcelMark is where a parcel's number goes in a link.
const parcelMark = "{parcel}"

// webLink reports whether people can open the link.
func webLink(link string) bool {
	return strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://")
}

// track is the link of a parcel; "": none is known.
func (o *options) track(courier, parcel string) string {
	link := o.tracking[courier]
	if link == "" {
		link = o.tracking[anyOther]
	}
	if link == "" || parcel == "" {
		return ""
	}
	return strings.ReplaceAll(link, parcelMark, url.PathEscape(parcel))
}
