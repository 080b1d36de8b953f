// Package order holds the canonical order: what every partner's dialect is
// mapped to and from. It imports only the standard library.
package order

// Order is the canonical purchase. Its identity is (shop, ID), ID being the
// shop's own number. An order may have no lines (a service, a brand review).
//
// The fields fall into groups (see Group); one source states a group whole.
// Session, Customer, Recipient, Billing, Notes and Extra name or may name a
// person: they are stored apart from the rest (see Split) and can be erased.
type Order struct {
	ID string `json:"id"`

	// Sale.
	PlacedAt Time   `json:"placed_at,omitzero"` // when the customer ordered, offset kept
	Currency string `json:"currency,omitzero"`  // ISO 4217
	Channel  string `json:"channel,omitzero"`   // "online", "offline", or the shop's own word
	Store    string `json:"store,omitzero"`     // outlet of the shop
	Account  string `json:"account,omitzero"`   // the shop's customer at one of its doors (a reseller)
	Locale   string `json:"locale,omitzero"`    // BCP 47
	Type     string `json:"type,omitzero"`      // "delivery", "pickup"
	Preorder bool   `json:"preorder,omitzero"`
	Test     bool   `json:"test,omitzero"`

	Session   string    `json:"session,omitzero"` // browsing session the sale is attributed to
	Customer  *Customer `json:"customer,omitzero"`
	Recipient *Party    `json:"recipient,omitzero"` // who gets the goods
	Billing   *Party    `json:"billing,omitzero"`   // who gets the invoice

	Lines    []Line    `json:"lines,omitzero"`
	Totals   *Totals   `json:"totals,omitzero"`
	Shipping *Shipping `json:"shipping,omitzero"`
	Payment  *Payment  `json:"payment,omitzero"`
	Review   *Review   `json:"review,omitzero"` // what the shop wishes for review invitations
	Media    *Media    `json:"media,omitzero"`  // retail media

	Notes      []Note         `json:"notes,omitzero"`
	References []Reference    `json:"references,omitzero"` // other parties' numbers of this order
	Extra      map[string]Raw `json:"extra,omitzero"`      // unknown fields by their path in the source's body: "orderItems[2].colour"

	// Status and Cancellation are derived from happenings; a statement may
	// carry the status its source claims.
	Status       Status        `json:"status,omitzero"`
	Cancellation *Cancellation `json:"cancellation,omitzero"`
}

// Status is where an order stands.
type Status string

// The statuses, in the usual sequence. The zero value means that no source
// said anything but that the order exists.
const (
	StatusReceived  Status = "received"
	StatusAccepted  Status = "accepted"
	StatusReady     Status = "ready"
	StatusShipped   Status = "shipped"
	StatusDelivered Status = "delivered"
	StatusCancelled Status = "cancelled"
	StatusRefunded  Status = "refunded"
)

// Cancellation says who cancelled and why.
type Cancellation struct {
	By            string `json:"by,omitzero"`
	Reason        string `json:"reason,omitzero"`
	AfterPickedUp bool   `json:"after_picked_up,omitzero"` // goods had left: still a sale
}

// Customer is the person or firm that ordered.
type Customer struct {
	ID          string `json:"id,omitzero"` // the shop's id of the customer
	Email       string `json:"email,omitzero"`
	Name        string `json:"name,omitzero"` // full name, where it is not split
	FirstName   string `json:"first_name,omitzero"`
	LastName    string `json:"last_name,omitzero"`
	Company     string `json:"company,omitzero"`
	Phone       string `json:"phone,omitzero"`
	Language    string `json:"language,omitzero"` // ISO 639-1
	Country     string `json:"country,omitzero"`  // ISO 3166-1 alpha-2
	LoyaltyCard string `json:"loyalty_card,omitzero"`
	Hidden      bool   `json:"hidden,omitzero"` // asks that partners hide the personal data
}

// Party is a name with an address.
type Party struct {
	ID         string `json:"id,omitzero"`
	Name       string `json:"name,omitzero"`
	FirstName  string `json:"first_name,omitzero"`
	LastName   string `json:"last_name,omitzero"`
	Company    string `json:"company,omitzero"`
	TaxID      string `json:"tax_id,omitzero"`
	Street     string `json:"street,omitzero"`
	Number     string `json:"number,omitzero"`
	Additional string `json:"additional,omitzero"`
	PostalCode string `json:"postal_code,omitzero"`
	City       string `json:"city,omitzero"`
	Region     string `json:"region,omitzero"`
	Country    string `json:"country,omitzero"` // ISO 3166-1 alpha-2, or a name where the source gives one
	Email      string `json:"email,omitzero"`
	Phone      string `json:"phone,omitzero"`
	Latitude   string `json:"latitude,omitzero"` // decimal degrees as written
	Longitude  string `json:"longitude,omitzero"`
	Formatted  string `json:"formatted,omitzero"`
}

// Line is one line of an order.
type Line struct {
	ID      string   `json:"id,omitzero"` // the source's id of the line
	Kind    LineKind `json:"kind,omitzero"`
	Product Product  `json:"product,omitzero"`

	Quantity Decimal `json:"quantity,omitzero"` // in Unit; negative only in corrections
	Unit     string  `json:"unit,omitzero"`     // "piece" (default), "kg"
	Pieces   Decimal `json:"pieces,omitzero"`   // pieces of a weighed line
	Weight   Decimal `json:"weight,omitzero"`   // kg, of the whole line

	UnitPrice  Money   `json:"unit_price,omitzero"`  // regular price of one unit
	Total      Money   `json:"total,omitzero"`       // the whole line after discounts
	Discount   Money   `json:"discount,omitzero"`    // of the whole line
	AdDiscount Money   `json:"ad_discount,omitzero"` // part of the discount a retail-media campaign pays
	TaxRate    Decimal `json:"tax_rate,omitzero"`    // percent

	Seller  string `json:"seller,omitzero"`  // marketplace seller
	Catalog string `json:"catalog,omitzero"` // catalogue the product code belongs to
	AdID    string `json:"ad_id,omitzero"`   // the ad this line is attributed to

	Status         LineStatus `json:"status,omitzero"`
	SubstitutedFor Raw        `json:"substituted_for,omitzero"` // the line this one replaces, as its source wrote it
	Replaces       string     `json:"replaces,omitzero"`        // id of the line this one replaces
	ReplacedBy     string     `json:"replaced_by,omitzero"`
	Ordered        *Ordered   `json:"ordered,omitzero"` // what was ordered, where picking changed it
	NotReceived    bool       `json:"not_received,omitzero"`
	ReviewDelay    *int       `json:"review_delay,omitzero"` // days

	Components  []Product    `json:"components,omitzero"` // of a set or collection
	Attachments []Attachment `json:"attachments,omitzero"`
}

// LineKind tells products from what is billed beside them.
type LineKind string

// The kinds of line. The zero value is a product.
const (
	LineProduct    LineKind = ""
	LinePostage    LineKind = "postage"
	LineDiscount   LineKind = "discount"
	LineFee        LineKind = "fee"
	LineAdjustment LineKind = "adjustment"
)

// LineStatus is what became of a line in picking.
type LineStatus string

// The statuses of a line.
const (
	LineOpen     LineStatus = ""
	LineInCart   LineStatus = "in_cart"
	LineNotFound LineStatus = "not_found"
	LineReplaced LineStatus = "replaced"
	LineAdded    LineStatus = "added"
)

// Product names a product by every code its source gave.
type Product struct {
	Code           string `json:"code,omitzero"` // the shop's own product code
	SKU            string `json:"sku,omitzero"`
	GTIN           string `json:"gtin,omitzero"` // EAN and GTIN of any length
	UPC            string `json:"upc,omitzero"`
	ISBN           string `json:"isbn,omitzero"`
	JAN            string `json:"jan,omitzero"`
	MPN            string `json:"mpn,omitzero"`
	Producer       string `json:"producer,omitzero"` // the producer's code
	External       string `json:"external,omitzero"` // a code of an external system
	Name           string `json:"name,omitzero"`
	Brand          string `json:"brand,omitzero"`
	Category       string `json:"category,omitzero"`
	GoogleCategory string `json:"google_category,omitzero"` // Google product taxonomy id
	Size           string `json:"size,omitzero"`
	URL            string `json:"url,omitzero"`
	ImageURL       string `json:"image_url,omitzero"`
}

// Ordered is the quantity and price before picking changed them.
type Ordered struct {
	Quantity  Decimal `json:"quantity,omitzero"`
	Weight    Decimal `json:"weight,omitzero"`
	UnitPrice Money   `json:"unit_price,omitzero"`
	Total     Money   `json:"total,omitzero"`
}

// Attachment is a file that travels with a line.
type Attachment struct {
	Name string `json:"name,omitzero"`
	Data []byte `json:"data,omitzero"`
}

// Totals are the sums of an order, in its currency.
type Totals struct {
	Goods    Money    `json:"goods,omitzero"`
	Shipping Money    `json:"shipping,omitzero"`
	Service  Money    `json:"service,omitzero"`
	Discount Money    `json:"discount,omitzero"`
	Tax      Money    `json:"tax,omitzero"`
	Total    Money    `json:"total,omitzero"` // what the customer pays
	Other    []Amount `json:"other,omitzero"` // named fees, vouchers, discounts
}

// Amount is a named sum.
type Amount struct {
	Kind  string `json:"kind"`
	Name  string `json:"name,omitzero"`
	Value Money  `json:"value,omitzero"`
}

// Shipping is how the goods travel.
type Shipping struct {
	Courier     string   `json:"courier,omitzero"`
	Method      string   `json:"method,omitzero"`
	By          string   `json:"by,omitzero"` // "platform" or "vendor": who carries
	PickupPoint string   `json:"pickup_point,omitzero"`
	AcceptedFor Time     `json:"accepted_for,omitzero"`
	PromisedFor Time     `json:"promised_for,omitzero"`
	Parcels     []Parcel `json:"parcels,omitzero"`
}

// Parcel is one parcel on its way.
type Parcel struct {
	Number      string   `json:"number"`
	Courier     string   `json:"courier,omitzero"`
	TrackingURL string   `json:"tracking_url,omitzero"`
	ShippedAt   Time     `json:"shipped_at,omitzero"`
	Lines       []string `json:"lines,omitzero"` // line ids
}

// Payment is how the order is paid.
type Payment struct {
	Kind   string `json:"kind,omitzero"` // "prepaid", "cash_on_delivery", or the source's word
	Status string `json:"status,omitzero"`
}

// Review is what the shop wishes for review invitations.
type Review struct {
	Shop         *Invitation `json:"shop,omitzero"`     // an invitation about the shop or the order
	Products     *Invitation `json:"products,omitzero"` // an invitation about the products
	SenderName   string      `json:"sender_name,omitzero"`
	SenderEmail  string      `json:"sender_email,omitzero"`
	ReplyTo      string      `json:"reply_to,omitzero"`
	Location     string      `json:"location,omitzero"`
	HidePersonal bool        `json:"hide_personal,omitzero"`
	// ByLink: the shop asks the customer by itself, with a link that it had made.
	// As long as no source names an invitation, nobody mails one.
	ByLink bool `json:"by_link,omitzero"`
}

// Invitation is one review invitation.
type Invitation struct {
	Delay    *int     `json:"delay,omitzero"`   // days after reception
	SendAt   Time     `json:"send_at,omitzero"` // wins over Delay
	Template string   `json:"template,omitzero"`
	Redirect string   `json:"redirect,omitzero"`
	Tags     []string `json:"tags,omitzero"`
	SKUs     []string `json:"skus,omitzero"` // products of an uploaded catalogue
}

// Media is what a retail-media network wants beside the sale.
type Media struct {
	Team    string   `json:"team,omitzero"`
	Catalog string   `json:"catalog,omitzero"`
	AdIDs   []string `json:"ad_ids,omitzero"`
}

// Note is free text somebody wrote.
type Note struct {
	About string `json:"about,omitzero"` // "" (the order), or a path such as "lines[2]"
	From  string `json:"from,omitzero"`  // "customer", "shop"
	Text  string `json:"text"`
}

// Reference is another party's number of the order.
type Reference struct {
	Kind  string `json:"kind"` // the source's word: "external_order_id"
	Value string `json:"value"`
}
