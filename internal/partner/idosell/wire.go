package idosell

import (
	"slices"

	"github.com/ordermux/ordermux/internal/soap"
)

// The shapes of requests and answers, in canonical names. Fields are needed
// for the WSDL's sake: what is missing, the handlers say.

var (
	text    = soap.Of(soap.String)
	whole   = soap.Of(soap.Int)
	decimal = soap.Of(soap.Decimal)
)

func field(name string, t *soap.Type) soap.Field { return soap.Field{Name: name, Type: t} }
func needed(name string, t *soap.Type) soap.Field {
	return soap.Field{Name: name, Type: t, Required: true}
}

func params(fields ...soap.Field) *soap.Type { return soap.StructType("paramsType", fields...) }

func answer(fields ...soap.Field) *soap.Type { return soap.StructType("responseType", fields...) }

// faultFields are those of errors, and of items.
func faultFields() []soap.Field {
	return []soap.Field{field("faultCode", whole), field("faultString", text)}
}

// errorsOf is the block of every answer.
var errorsOf = soap.StructType("errorsType", needed("faultCode", whole), needed("faultString", text))

// products is the list of products of a request.
var products = soap.ListType(soap.StructType("productType",
	needed("code", text), needed("codeType", text), needed("quantity", decimal), field("comment", text),
	field("attachments", soap.ListType(soap.StructType("attachmentType",
		field("name", text), field("file", soap.Of(soap.Base64))))),
	field("products", soap.ListType(soap.StructType("componentType",
		needed("code", text), needed("codeType", text))))))

// verifiedProducts is the list of products of an answer.
func verifiedProducts(more ...soap.Field) *soap.Type {
	return soap.ListType(soap.StructType("productResultType", slices.Concat([]soap.Field{
		field("code", text), field("codeType", text), field("quantity", decimal),
		field("quantityAvailable", decimal), field("available", text),
	}, faultFields(), more)...))
}

func verified() *soap.Type {
	return answer(field("result", text), field("products", verifiedProducts()))
}

func imported() *soap.Type {
	return answer(field("result", text), field("products", verifiedProducts(field("productRetailPrice", decimal))),
		field("currencyId", text), field("basketCost", decimal))
}

// address is a recipient.
var address = soap.StructType("clientDeliveryAddressType",
	field("clientDeliveryAddressId", text),
	field("clientDeliveryAddressFirstName", text), field("clientDeliveryAddressLastName", text),
	field("clientDeliveryAddressFirm", text), field("clientDeliveryAddressAdditional", text),
	field("clientDeliveryAddressStreet", text), field("clientDeliveryAddressZipCode", text),
	field("clientDeliveryAddressCity", text), field("clientDeliveryAddressProvinceId", text),
	field("clientDeliveryAddressCountryId", text), field("clientDeliveryAddressCountry", text),
	field("clientDeliveryAddressPhone1", text), field("clientDeliveryAddressEmail", text))

// payer is who pays: the customer's shop.
var payer = soap.StructType("payerAddressType",
	field("payerAddressFirstName", text), field("payerAddressLastName", text),
	field("payerAddressFirm", text), field("payerAddressNip", text),
	field("payerAddressStreet", text), field("payerAddressZipCode", text), field("payerAddressCity", text),
	field("payerAddressCountryId", text), field("payerAddressPhone", text))

func placeParams() *soap.Type {
	return params(needed("clientDeliveryAddress", address), needed("courierId", whole),
		field("pickupPointId", text), field("deliveryDate", text),
		field("payerAddress", payer), field("orderPaymentType", text), field("clientRequestInvoice", text),
		field("orderExternalId", text), field("clientNoteToOrder", text), field("clientNoteToCourier", text),
		field("products", products), field(fieldICDF, text))
}

func placed() *soap.Type {
	return answer(field("orderId", text), field("orderSerialNumber", whole),
		field("orderStatus", text), field("clientDeliveryAddressId", text))
}

func supplierData() *soap.Type {
	hours := soap.StructType("openingHoursType", field("weekday", whole), field("opening", text), field("closing", text))
	return answer(field("supplierName", text), field("email", text), field("phone", text), field("www", text),
		field("street", text), field("zipCode", text), field("city", text), field("countryId", text),
		field("openingHours", soap.ListType(hours)), field("orderPreparationTime", whole))
}

// paging selects a page of a list.
func paging() []soap.Field {
	return []soap.Field{field("resultsPage", whole), field("resultsLimit", whole)}
}

// results is an answer with a list and what paging says of it.
func results(item *soap.Type) *soap.Type {
	return answer(field("results", soap.ListType(item)),
		field("resultsNumberAll", whole), field("resultsNumberPage", whole), field("resultsPage", whole), field("resultsLimit", whole))
}

func courierFields() []soap.Field {
	return []soap.Field{field("courierId", whole), field("courierName", text), field("companyKey", text), field("hasPickupPoints", text)}
}

func couriers() *soap.Type { return results(soap.StructType("courierType", courierFields()...)) }

func couriersForBasket() *soap.Type {
	return answer(field("results", soap.ListType(soap.StructType("courierType", append(courierFields(),
		field("deliveryCost", decimal), field("currencyId", text), field("orderPaymentTypes", soap.ListType(text)))...))))
}

func statusParams() *soap.Type {
	return params(append([]soap.Field{
		field("ordersIds", soap.ListType(text)), field("ordersSerialNumbers", soap.ListType(whole)),
		field("ordersExternalIds", soap.ListType(text)),
	}, paging()...)...)
}

func ordersStatus() *soap.Type {
	packages := soap.StructType("packageType",
		field("deliveryPackageNumber", text), field("deliveryShippingNumber", text), field("trackingUrl", text))
	return results(soap.StructType("orderType", slices.Concat([]soap.Field{
		field("orderId", text), field("orderSerialNumber", whole), field("orderExternalId", text),
		field("orderStatus", text), field("orderAddDate", text), field("orderDispatchDate", text),
		field("courierId", whole), field("courierName", text), field("packages", soap.ListType(packages)),
	}, faultFields())...))
}

func recipients() *soap.Type {
	return results(soap.StructType("recipientType", slices.Concat(address.Fields, faultFields())...))
}

func recipientsUpdated() *soap.Type {
	id := soap.StructType("clientDeliveryAddressResultType", field("clientDeliveryAddressId", text))
	fault := soap.StructType("itemErrorType", needed("faultCode", whole), needed("faultString", text))
	return answer(field("results", soap.ListType(soap.StructType("recipientResultType",
		field("resultStatus", text), field("clientDeliveryAddressResult", id), field("errors", soap.ListType(fault))))))
}
