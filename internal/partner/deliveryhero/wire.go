package deliveryhero

import (
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// The order object as it stands on the wire, for both sides: the body of the
// webhook, the answer of GET and PUT, and what PUT takes. README.md has the
// sources. A member that is null is as good as left out; what no page knows is
// kept in Unknown.

// wireOrder is an order.
type wireOrder struct {
	ID              loose             `json:"order_id"`          // a UUID; what calls name it by
	External        loose             `json:"external_order_id"` // the platform's visible number, for reconciliation
	Code            loose             `json:"order_code"`        // short, for riders and staff
	Status          word              `json:"status"`
	Type            word              `json:"order_type"`
	Transport       word              `json:"transport_type"`
	Preorder        bool              `json:"isPreorder"` // the one name in camel case
	AcceptedFor     moment            `json:"accepted_for,omitzero"`
	PromisedFor     moment            `json:"promised_for,omitzero"`
	Comment         string            `json:"comment,omitzero"` // the customer's
	PromotionStatus word              `json:"promotion_status,omitzero"`
	Client          wireClient        `json:"client"`
	Customer        *wireCustomer     `json:"customer,omitzero"`
	Items           []wireItem        `json:"items"`
	Payment         wirePayment       `json:"payment"`
	Cancellation    *wireCancellation `json:"cancellation,omitzero"`
	Sys             wireSys           `json:"sys"`
	Unknown         json.Value        `json:",embed"`
}

// wireClient is the outlet.
type wireClient struct {
	ID       loose      `json:"id,omitzero"`
	ChainID  loose      `json:"chain_id"`
	Name     string     `json:"name,omitzero"`
	Country  string     `json:"country_code"` // two small letters
	StoreID  loose      `json:"store_id"`     // the platform's id of it
	External loose      `json:"external_partner_config_id,omitzero"`
	Unknown  json.Value `json:",embed"`
}

// wireCustomer is the person.
type wireCustomer struct {
	ID          loose        `json:"_id,omitzero"`
	FirstName   string       `json:"first_name,omitzero"`
	LastName    string       `json:"last_name,omitzero"`
	Phone       loose        `json:"phone_number,omitzero"`
	LoyaltyCard loose        `json:"loyalty_card,omitzero"`
	Address     *wireAddress `json:"delivery_address,omitzero"`
	Unknown     json.Value   `json:",embed"`
}

// wireAddress is where the goods go.
type wireAddress struct {
	Street     string     `json:"street,omitzero"`
	Number     loose      `json:"number,omitzero"`
	City       string     `json:"city,omitzero"`
	Country    string     `json:"country,omitzero"`
	PostalCode loose      `json:"postal_code,omitzero"`
	Latitude   degrees    `json:"latitude,omitzero"`
	Longitude  degrees    `json:"longitude,omitzero"`
	Formatted  string     `json:"formattedAddress,omitzero"`
	Unknown    json.Value `json:",embed"`
}

// wireItem is a line of an order, and of a PUT.
type wireItem struct {
	ID           loose        `json:"_id,omitzero"`
	SKU          loose        `json:"sku,omitzero"`
	Name         string       `json:"name,omitzero"`
	Barcode      barcodes     `json:"barcode,omitzero"`
	Status       word         `json:"status,omitzero"`
	Instructions string       `json:"instructions,omitzero"`
	Pricing      *wirePricing `json:"pricing,omitzero"`
	Original     *wirePricing `json:"original_pricing,omitzero"` // as ordered, where picking changed it
	Discount     number       `json:"discount,omitzero"`
	Promotion    order.Raw    `json:"promotion,omitzero"` // a list of objects; only discount_amount is known of them
	ReplacedID   loose        `json:"replaced_id,omitzero"`
	Unknown      json.Value   `json:",embed"`
}

// wirePricing is how much of a product there is, and what it costs.
type wirePricing struct {
	Type        word       `json:"pricing_type,omitzero"`
	Quantity    number     `json:"quantity,omitzero"` // pieces
	UnitPrice   number     `json:"unit_price,omitzero"`
	TotalPrice  number     `json:"total_price,omitzero"`
	Weight      number     `json:"weight,omitzero"` // kg (inferred from pricing_type KG)
	Pieces      number     `json:"weighted_pieces,omitzero"`
	MinQuantity number     `json:"min_quantity,omitzero"`
	MaxQuantity number     `json:"max_quantity,omitzero"`
	VAT         number     `json:"vat_percent,omitzero"`
	Unknown     json.Value `json:",embed"`
}

// wirePayment is the sums, in major units of a currency that nothing names.
type wirePayment struct {
	SubTotal        number     `json:"sub_total"` // goods
	OrderTotal      number     `json:"order_total"`
	DeliveryFee     number     `json:"delivery_fee,omitzero"`
	ServiceFee      number     `json:"service_fee,omitzero"`
	ContainerCharge number     `json:"container_charge,omitzero"`
	ToMinimum       number     `json:"difference_to_minimum,omitzero"`
	Taxes           number     `json:"total_taxes,omitzero"`
	Discount        number     `json:"discount,omitzero"`
	Discounts       order.Raw  `json:"discounts,omitzero"`       // see amounts
	Fees            order.Raw  `json:"additional_fees,omitzero"` // see amounts
	Vouchers        order.Raw  `json:"vouchers,omitzero"`        // shape unknown
	Type            loose      `json:"type"`                     // "PAID" is the one known
	Unknown         json.Value `json:",embed"`
}

// wireCancellation says who ended an order, and why.
type wireCancellation struct {
	By           word       `json:"cancelled_by,omitzero"`
	Reason       word       `json:"reason,omitzero"`
	PostPickedUp bool       `json:"post_picked_up"` // the goods had left: a sale (inferred)
	Unknown      json.Value `json:",embed"`
}

// wireSys is when the object was made and changed: its revision.
type wireSys struct {
	CreatedAt moment     `json:"created_at"`
	UpdatedAt moment     `json:"updated_at"`
	CreatedBy loose      `json:"created_by,omitzero"`
	UpdatedBy loose      `json:"updated_by,omitzero"`
	Unknown   json.Value `json:",embed"`
}

// wirePut is the body of PUT.
type wirePut struct {
	ID           loose       `json:"order_id"`
	Status       word        `json:"status"`
	AcceptedFor  moment      `json:"accepted_for,omitzero"`
	Items        []wireItem  `json:"items"`
	Cancellation *wireReason `json:"cancellation,omitzero"`
	Unknown      json.Value  `json:",embed"`
}

// wireReason is the cancellation of a PUT.
type wireReason struct {
	By     word `json:"cancelled_by,omitzero"`
	Reason word `json:"reason"`
}

// UnmarshalJSON reads it; a copy of the vendor's pages has the reason as a plain
// text in its place.
func (r *wireReason) UnmarshalJSON(b []byte) error {
	if json.Value(b).Kind() == '"' {
		return json.Unmarshal(b, &r.Reason)
	}
	type plain wireReason
	return json.Unmarshal(b, (*plain)(r))
}

// wireOrders is a page of the list.
type wireOrders struct {
	Orders     []wireOrder `json:"orders"`
	Page       int         `json:"page_number"`
	PageSize   int         `json:"page_size"`
	TotalPages int         `json:"total_pages"`
}
