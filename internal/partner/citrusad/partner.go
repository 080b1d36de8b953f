// Package citrusad speaks the order API of CitrusAd (now Epsilon Retail
// Media): its door plays the API for a shop's own client, its route delivers a
// shop's orders to the real one. README.md is the compatibility sheet.
package citrusad

import (
	"strconv"

	"github.com/ordermux/ordermux/internal/partner"
)

// Partner is CitrusAd.
var Partner = partner.Partner{
	Name:     "citrusad",
	Title:    "CitrusAd / Epsilon Retail Media",
	Settings: append(doorFields(), routeFields()...),
	Door:     newDoor,
	OpenAPI:  openAPI,
	Lacks:    []partner.Need{partner.NeedEmail, partner.NeedName, partner.NeedAddress},
	Route:    newRoute,
	Formats:  []partner.Format{tsvFormat},
}

// The kinds of credential of the door.
const (
	secretKey = "api_key"
	publicKey = "publishable_key"
)

func doorFields() []partner.Field {
	return []partner.Field{
		{Name: secretKey, Door: true, Kind: partner.Text, Required: true, Secret: true, Credential: true, Make: partner.MakeKey,
			Description: "Secret API key that clients present on /v1/orders, as Authorization: Basic KEY."},
		{Name: publicKey, Door: true, Kind: partner.Text, Secret: true, Credential: true,
			Description: "Publishable API key that browsers present on /v1/resource/third-o. None: that address refuses everybody."},
		{Name: "team_id", Door: true, Kind: partner.Text,
			Description: "Team id in answers. Empty: the one of the request."},
		{Name: "channel", Door: true, Kind: partner.Text,
			Description: "Sales channel that this door's orders are stated with, such as online; the API has no field for it. Empty: none."},
		{Name: "strict_batch", Door: true, Kind: partner.Bool, Default: "false",
			Description: "Refuse more than the documented 100 orders per request."},
		{Name: "require_total", Door: true, Kind: partner.Bool, Default: "false",
			Description: "Refuse lines without totalOrderItemPriceAfterDiscounts; the vendor's pages disagree about it."},
		{Name: "require_session", Door: true, Kind: partner.Bool, Default: "false",
			Description: "Refuse orders without sessionId; the vendor's pages disagree about it."},
		{Name: "json_errors", Door: true, Kind: partner.Bool, Default: "false",
			Description: "Answer 404, 409, 415 and 5xx with a JSON message as in 2017 instead of plain text as today."},
	}
}

func routeFields() []partner.Field {
	return []partner.Field{
		{Name: "base_url", Route: true, Kind: partner.URL,
			Description: "Address of the API, with or without /v1. Needed unless output is file."},
		{Name: secretKey, Route: true, Kind: partner.Text, Secret: true,
			Description: "Secret API key. Needed unless output is file."},
		{Name: "team_id", Route: true, Kind: partner.Text,
			Description: "Team id to send. Empty: the order's own, if it has one."},
		{Name: "catalog_id", Route: true, Kind: partner.Text,
			Description: "Catalogue id for orders that name none."},
		{Name: "catalog_level", Route: true, Kind: partner.Text, Default: levelOrder,
			Choices:     []string{levelOrder, levelItem, levelBoth, levelNone},
			Description: "Where catalogId is sent: the vendor's editions differ."},
		{Name: "send_seller_id", Route: true, Kind: partner.Bool, Default: "false",
			Description: "Send sellerId. Only if the account takes marketplace sellers, otherwise it can break attribution."},
		{Name: "send_customer_id", Route: true, Kind: partner.Bool, Default: "true",
			Description: "Send customerId."},
		{Name: "product_code", Route: true, Kind: partner.Text, Default: codeAuto,
			Choices:     []string{codeAuto, codeOwn, codeSKU, codeGTIN},
			Description: "Which product code is sent as gtin; auto takes the first there is of the shop's code, SKU and GTIN."},
		{Name: "batch_size", Route: true, Kind: partner.Int, Default: strconv.Itoa(maxBatch),
			Description: "Orders per request, at most 100."},
		{Name: "timeout", Route: true, Kind: partner.Duration, Default: "30s",
			Description: "How long one delivery may take, 1s to 5m; twice as long settles before an unknown one is looked up."},
		{Name: "read_back", Route: true, Kind: partner.Text, Default: "1",
			Description: "Share of delivered orders, in percent, that are read back later to see that they are really there."},
		{Name: "read_back_after", Route: true, Kind: partner.Duration, Default: "10s",
			Description: "How long after its delivery an order is read back."},
		{Name: "output", Route: true, Kind: partner.Text, Default: outputAPI,
			Choices:     []string{outputAPI, outputFile, outputBoth},
			Description: "How orders go out: api sends them, file writes the order file that CitrusAd fetches, both does both."},
		{Name: "file_name", Route: true, Kind: partner.Text, Default: "orders.tsv",
			Description: "Name of the order file; with .gz at its end it is compressed."},
		{Name: "file_schedule", Route: true, Kind: partner.Text, Default: "24h",
			Description: "When the order file is written: every so often (24h) or at a time of day (06:00)."},
		{Name: "file_zone", Route: true, Kind: partner.Text, Default: "UTC",
			Description: "Time zone of a time of day in file_schedule, such as Europe/Stockholm."},
		{Name: "file_days", Route: true, Kind: partner.Int, Default: "30",
			Description: "How many days of orders the file holds, counted from when the route took them."},
		{Name: "file_password", Route: true, Kind: partner.Text, Secret: true,
			Description: "Password with which CitrusAd fetches the order file."},
		{Name: "file_proof", Route: true, Kind: partner.Text, Default: proofFetched,
			Choices:     []string{proofFetched, proofWritten},
			Description: "When an order of a file-only route counts as delivered: fetched after the file was written with it, or written."},
	}
}

// on reports whether a Bool setting is on.
func on(s partner.Settings, name string) bool { return s[name].Text == "true" }
