// Package idosell speaks IdoSell's CustomerAPI for drop-shipping (ICDF): its
// door plays the wholesaler for shops that order there, its route places a
// shop's orders at a wholesaler. README.md is the compatibility sheet.
package idosell

import (
	"slices"

	"github.com/ordermux/ordermux/internal/partner"
)

// name is the partner's, and so that of its door.
const name = "idosell"

// Partner is IdoSell.
var Partner = partner.Partner{
	Name:     name,
	Title:    "IdoSell",
	Settings: slices.Concat(panelFields(), accountFields(), routeFields()),
	Door:     newDoor,
	Callback: newCallback,
	Lacks:    []partner.Need{partner.NeedSession},
	Route:    newRoute,
	Formats:  formats(),
	OpenAPI:  openAPI,
}

// ofAccount is the kind of credential (Field.Of) of customers' accounts; ""
// is the wholesaler's panel.
const ofAccount = "account"

// The fields of the door's credentials that the program itself names.
const (
	fieldDialect         = "dialect"
	fieldLogin           = "login"
	fieldPassword        = "password"
	fieldDropshippingKey = "dropshipping_key"
	fieldAcceptOrders    = "accept_orders"
)

// panelFields declares the wholesaler's panel.
func panelFields() []partner.Field {
	return []partner.Field{
		{Name: fieldDialect, Door: true, Route: true, Hub: true, Kind: partner.Document, Check: checkDialect,
			Description: "File with the names and codes that replace the built-in ones; see the sheet. None: the built-in ones."},
		{Name: fieldDropshippingKey, Door: true, Kind: partner.Text, Required: true, Secret: true, Make: partner.MakeKey,
			Description: "Key that every call but Authenticate carries, the same for all customers: dropshippingKey, in the panel the ICDF access key."},
		{Name: fieldAcceptOrders, Door: true, Kind: partner.Bool, Default: "false",
			Description: "Accept drop-ship orders. Off: Authenticate works, every other call is answered with fault 103."},
		{Name: "supplier_name", Door: true, Kind: partner.Text, Description: "Name of the wholesaler in getSupplierData. Empty: the shop's name."},
		{Name: "supplier_email", Door: true, Kind: partner.Text, Description: "E-mail address of the wholesaler."},
		{Name: "supplier_phone", Door: true, Kind: partner.Text, Description: "Telephone number of the wholesaler."},
		{Name: "supplier_www", Door: true, Kind: partner.URL, Description: "Address of the wholesaler's site."},
		{Name: "supplier_street", Door: true, Kind: partner.Text, Description: "Street and number of the wholesaler."},
		{Name: "supplier_zip", Door: true, Kind: partner.Text, Description: "Postal code of the wholesaler."},
		{Name: "supplier_city", Door: true, Kind: partner.Text, Description: "Town of the wholesaler."},
		{Name: "supplier_country", Door: true, Kind: partner.Text, Check: checkCountry, Description: "Country of the wholesaler, two letters."},
		{Name: "opening_hours", Door: true, Kind: partner.List, Check: checkHours,
			Description: "Opening hours of the warehouse, an element per weekday: 1=08:00-16:00 is Monday."},
		{Name: "preparation_time", Door: true, Kind: partner.Int, Default: "24",
			Description: "Hours that an order takes until it can leave."},
	}
}

// accountFields declares a customer's account.
func accountFields() []partner.Field {
	return []partner.Field{
		{Name: fieldLogin, Of: ofAccount, Door: true, Kind: partner.Text, Required: true, Credential: true, Check: checkLogin,
			Description: "Login of the customer, unlike all others of the hub. Orders are numbered LOGIN-N."},
		{Name: fieldPassword, Of: ofAccount, Door: true, Kind: partner.Text, Required: true, Secret: true, Make: partner.MakeKey, Keep: kept,
			Description: "Password of the customer, or the SHA-1 of it in hexadecimal digits, which is all that is kept."},
		{Name: "notices", Of: ofAccount, Door: true, Kind: partner.Bool, Default: "false",
			Description: "Tell the customer's shop when an order is shipped."},
		{Name: "notice_url", Of: ofAccount, Door: true, Kind: partner.URL,
			Description: "Address to which the notice is posted."},
		{Name: "notice_secret", Of: ofAccount, Door: true, Kind: partner.Text, Secret: true,
			Description: "Key that notices are signed with: X-Ordermux-Signature. Empty: none is."},
		{Name: "payment", Of: ofAccount, Door: true, Kind: partner.Text, Default: "prepaid", Choices: []string{"prepaid", "cash_on_delivery", "tradecredit"},
			Description: "How the customer settles with the wholesaler where an order does not say."},
		{Name: "billing_company", Of: ofAccount, Door: true, Kind: partner.Text, Description: "Company on the customer's invoices where an order does not say."},
		{Name: "billing_tax_id", Of: ofAccount, Door: true, Kind: partner.Text, Description: "Tax number of the customer."},
		{Name: "billing_street", Of: ofAccount, Door: true, Kind: partner.Text, Description: "Street and number of the customer."},
		{Name: "billing_zip", Of: ofAccount, Door: true, Kind: partner.Text, Description: "Postal code of the customer."},
		{Name: "billing_city", Of: ofAccount, Door: true, Kind: partner.Text, Description: "Town of the customer."},
		{Name: "billing_country", Of: ofAccount, Door: true, Kind: partner.Text, Check: checkCountry, Description: "Country of the customer, two letters."},
		{Name: "billing_phone", Of: ofAccount, Door: true, Kind: partner.Text, Description: "Telephone number of the customer."},
	}
}
