package idosell

import (
	"context"
	"strings"

	"github.com/ordermux/ordermux/internal/soap"
)

// operation is one method of the API, in canonical names: those of the sheet.
// A dialect renames them.
type operation struct {
	gate, method string
	doc          string
	params       *soap.Type // "paramsType"; of Authenticate: no fields
	result       *soap.Type // "responseType", without errors
	login        bool       // Authenticate: needs no session
	handle       handler
}

// handler answers a call: the members of the answer beside errors. A *fault
// goes into errors, with the members of the value beside it, every other error
// is a trouble of ours.
type handler func(context.Context, *door, *call) (soap.Value, error)

// The canonical gates.
const (
	gateAuthenticate = "Authenticate"
	gateDropshipping = "Dropshipping"
)

// The canonical methods.
const (
	opAuthenticate       = "authenticate"
	opBasketVerification = "basketVerification"
	opBasketImport       = "basketImport"
	opPlaceOrder         = "placeOrder"
	opSupplierData       = "getSupplierData"
	opCouriers           = "getCouriers"
	opCouriersForBasket  = "getCouriersForBasket"
	opOrdersStatus       = "getOrdersStatus"
	opRecipients         = "getRecipients"
	opRecipientsUpdate   = "updateRecipients"
)

// operations returns every method, Authenticate first.
func operations() []*operation {
	return []*operation{
		{gate: gateAuthenticate, method: opAuthenticate, login: true, handle: handleAuthenticate,
			doc: "Opens a session of 15 minutes.", params: params(), result: answer(field("sessionKey", text))},
		{gate: gateDropshipping, method: opBasketVerification, handle: handleVerify,
			doc: "Says whether all goods are available now. Nothing is reserved.", params: params(field("products", products), field(fieldICDF, text)), result: verified()},
		{gate: gateDropshipping, method: opBasketImport, handle: handleImport,
			doc:    "Puts goods into the session's basket.",
			params: params(field("products", products), field(fieldICDF, text), field("clearBasket", text)), result: imported()},
		{gate: gateDropshipping, method: opPlaceOrder, handle: handlePlace,
			doc: "Orders the goods of the basket for a recipient.", params: placeParams(), result: placed()},
		{gate: gateDropshipping, method: opSupplierData, handle: handleSupplierData,
			doc: "Says who the supplier is.", params: params(), result: supplierData()},
		{gate: gateDropshipping, method: opCouriers, handle: handleCouriers,
			doc: "Lists every courier of the supplier.", params: params(paging()...), result: couriers()},
		{gate: gateDropshipping, method: opCouriersForBasket, handle: handleCouriersForBasket,
			doc:    "Lists the couriers that serve a basket at an address.",
			params: params(needed("clientDeliveryAddress", address), field("products", products), field(fieldICDF, text), field("orderPaymentType", text)), result: couriersForBasket()},
		{gate: gateDropshipping, method: opOrdersStatus, handle: handleOrdersStatus,
			doc: "Says what became of orders.", params: statusParams(), result: ordersStatus()},
		{gate: gateDropshipping, method: opRecipients, handle: handleRecipients,
			doc:    "Lists the recipients that the customer handed over.",
			params: params(append([]soap.Field{field("clientDeliveryAddressesIds", soap.ListType(text))}, paging()...)...), result: recipients()},
		{gate: gateDropshipping, method: opRecipientsUpdate, handle: handleRecipientsUpdate,
			doc: "Changes recipients' addresses.", params: params(needed("recipients", soap.ListType(address))), result: recipientsUpdated()},
	}
}

// find returns the operation of a canonical method; nil: there is none.
func find(ops []*operation, method string) *operation {
	for _, o := range ops {
		if strings.EqualFold(o.method, method) {
			return o
		}
	}
	return nil
}
