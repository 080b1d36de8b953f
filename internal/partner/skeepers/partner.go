// Package skeepers speaks the Purchase Events API of Skeepers (Avis Vérifiés,
// Verified Reviews): its door plays the API for a shop's own client, its route
// hands a shop's orders to the real one so that review requests go out.
// README.md is the compatibility sheet.
package skeepers

import (
	"slices"
	"strconv"

	"github.com/ordermux/ordermux/internal/partner"
)

// Partner is Skeepers.
var Partner = partner.Partner{
	Name:     "skeepers",
	Title:    "Skeepers (Avis Vérifiés, Verified Reviews)",
	Settings: slices.Concat(doorFields(), sftpFields(), routeFields()),
	OpenAPI:  openAPI,
	Door:     newDoor,
	Lacks:    []partner.Need{partner.NeedPrices, partner.NeedAddress, partner.NeedSession},
	Route:    newRoute,
	Formats:  []partner.Format{csvFormat},
}

// The fields that both sides have, and the kind of credential of the door.
const (
	clientID     = "client_id"
	clientSecret = "client_secret"
	websiteID    = "website_id"
)

// What the door answers where the website of the address is not the client's.
const (
	websiteForbidden = "forbidden"
	websiteVendor    = "vendor"
)

func doorFields() []partner.Field {
	return []partner.Field{
		{Name: clientID, Door: true, Kind: partner.Text, Required: true, Make: partner.MakeUUID,
			Description: "Client id of the API client, the user name at the token address."},
		{Name: clientSecret, Door: true, Kind: partner.Text, Required: true, Secret: true, Credential: true, With: clientID, Make: partner.MakeKey,
			Description: "Client secret (Clé secrète), the password at the token address."},
		{Name: websiteID, Door: true, Kind: partner.Text, Required: true, Make: partner.MakeUUID,
			Description: "Website id (Identifiant site web) that the client names in the address and in each event."},
		{Name: "legacy_key", Door: true, Kind: partner.Text, Secret: true,
			Description: "Secret key that signs calls of the historic web service. None: that service does not know the website."},
		{Name: "shop_keys", Door: true, Kind: partner.List,
			Description: "The shop_id values that are taken. None: all."},
		{Name: "require_names", Door: true, Kind: partner.Bool, Default: "true",
			Description: "Refuse events without first_name or last_name, as the vendor's file form does."},
		{Name: "unknown_website", Door: true, Kind: partner.Text, Default: websiteForbidden,
			Choices:     []string{websiteForbidden, websiteVendor},
			Description: "Answer to a website id that is not the client's: 403, or the vendor's 500 \"fetch Shop of website\"."},
		{Name: "address", Door: true, Kind: partner.URL,
			Description: "Address of this door as clients reach it, for the addresses that connector settings hand out. Empty: found out."},
	}
}

func routeFields() []partner.Field {
	return []partner.Field{
		{Name: "token_url", Route: true, Kind: partner.URL, Default: "https://auth.skeepers.io/realms/skeepers/protocol/openid-connect/token",
			Description: "Address that gives tokens."},
		{Name: "base_url", Route: true, Kind: partner.URL, Default: "https://api.skeepers.io/purchase-event",
			Description: "Address of the Purchase Events API."},
		{Name: clientID, Route: true, Kind: partner.Text, Required: true,
			Description: "Client id of the API client that was created at Skeepers."},
		{Name: clientSecret, Route: true, Kind: partner.Text, Required: true, Secret: true,
			Description: "Its client secret (Clé secrète)."},
		{Name: websiteID, Route: true, Kind: partner.Text, Required: true,
			Description: "Website id (Identifiant site web): the bare UUID, no address."},
		{Name: "shop_id", Route: true, Kind: partner.Text,
			Description: "Shop key of orders that name no outlet. Offline orders need one."},
		{Name: "ask", Route: true, Kind: partner.Text, Default: askBoth, Choices: []string{askBoth, askBrand, askProducts},
			Description: "What is asked where an order does not say: a review of the brand, of the products, or both."},
		{Name: "delay", Route: true, Kind: partner.Int,
			Description: "Days until the brand request where an order does not say. Empty: as the account at Skeepers is set."},
		{Name: "delay_product", Route: true, Kind: partner.Int,
			Description: "Days until the product request, likewise."},
		{Name: "wait", Route: true, Kind: partner.Text, Default: waitThere, Choices: []string{waitThere, waitHere},
			Description: "Where delays are waited: at skeepers, or here, so that a refund or a cancellation still stops the request."},
		{Name: "language", Route: true, Kind: partner.Text,
			Description: "Two-letter language of customers of whom none is known."},
		{Name: "reference", Route: true, Kind: partner.Text, Default: codeAuto, Choices: []string{codeAuto, codeOwn, codeSKU, codeGTIN},
			Description: "Which product code is the reference; auto takes the first there is of the shop's code, SKU and GTIN."},
		{Name: "batch_size", Route: true, Kind: partner.Int, Default: strconv.Itoa(maxBatch),
			Description: "Orders per call, at most 50."},
		{Name: "calls_per_minute", Route: true, Kind: partner.Int, Default: "95",
			Description: "Calls per minute, at most 300 (5 per second). The vendor documents no limit of this API, its sister has 100."},
		{Name: "timeout", Route: true, Kind: partner.Duration, Default: "30s",
			Description: "How long one delivery may take, 1s to 5m."},
	}
}
