package deliveryhero

import (
	"strconv"

	"github.com/ordermux/ordermux/internal/partner"
)

// The fields of the door's credentials that the program itself names.
const (
	fieldChain        = "chain_id"
	fieldBrand        = "brand"
	fieldCountry      = "country"
	fieldToken        = "token"
	fieldClient       = "client_id"
	fieldClientSecret = "client_secret"
	fieldVendor       = "vendor_id"
	fieldExternal     = "external_id"
	fieldPicking      = "picking"
	fieldBuffer       = "sales_buffer"
	fieldHours        = "opening_hours"
	fieldCheckin      = "checkin"
	fieldHookURL      = "webhook_url"
	fieldHookSecret   = "webhook_secret"
	fieldHookHeader   = "webhook_header"
	fieldHookPrefix   = "webhook_prefix"
	fieldJobURL       = "job_webhook_url"
	fieldHookCatalog  = "catalog_webhook"
	fieldHookPromos   = "promotion_webhook"
	fieldRetry        = "webhook_retry"
	fieldLimit        = "requests_per_minute"
)

// uniqueOutlet: an id, of the platform or the partner's own, is that of one
// outlet.
const uniqueOutlet = "outlet"

// Who picks an order.
const (
	pickingPartner = "partner"
	pickingPelican = "pelican"
)

// How an event is told again that was not taken.
const (
	retryVendor = "vendor" // as the platform does: 5 times, 10 s apart, then never
	retryOwn    = "own"    // as long as the hub's own deliveries
)

// defaultBuffer is the sales buffer that one integrator saw (PedidosYa, 2026).
const defaultBuffer = 1

// chainFields declares a chain and what counts for the whole door.
func chainFields() []partner.Field {
	return []partner.Field{
		{Name: fieldRetry, Door: true, Hub: true, Kind: partner.Text, Default: retryVendor, Choices: []string{retryVendor, retryOwn},
			Description: "How an order's event is told again that its receiver did not take: vendor, 5 times, 10 seconds apart, and then never; or own, as long as the hub tries with its other deliveries."},
		{Name: fieldLimit, Door: true, Hub: true, Kind: partner.Int, Default: "0", Check: checkCount,
			Description: "Most calls of one address in a minute; more are answered with 429. 0: no limit."},
		{Name: fieldChain, Door: true, Kind: partner.Text, Required: true, Credential: true, Make: partner.MakeUUID, Check: checkUUID,
			Description: "The chain's UUID, which stands in the paths of its calls."},
		{Name: fieldBrand, Door: true, Kind: partner.Text, Default: brands[0].Name, Choices: brandNames(),
			Description: "The brand that the door plays; the sheet says how they differ."},
		{Name: fieldCountry, Door: true, Kind: partner.Text, Default: "uy", Check: checkCountry,
			Description: "Country of the chain, two letters."},
		{Name: fieldPicking, Door: true, Kind: partner.Text, Default: pickingPartner, Choices: []string{pickingPartner, pickingPelican},
			Description: "Who picks at outlets that do not say: the partner's own software (partner), or the platform's app (pelican)."},
		{Name: fieldBuffer, Door: true, Kind: partner.Int, Default: strconv.Itoa(defaultBuffer), Check: checkCount,
			Description: "Sales buffer of outlets that do not say: a product of which no more is left is not sold."},
	}
}

func tokenFields() []partner.Field {
	return []partner.Field{
		{Name: fieldToken, Of: ofToken, Door: true, Kind: partner.Text, Required: true, Secret: true, Credential: true, Make: partner.MakeKey,
			Description: "The token, sent as Authorization: Bearer TOKEN."},
	}
}

func clientFields() []partner.Field {
	return []partner.Field{
		{Name: fieldClient, Of: ofClient, Door: true, Kind: partner.Text, Required: true, Credential: true, Make: partner.MakeUUID,
			Description: "The client's id: client_id of POST /v2/oauth/token."},
		{Name: fieldClientSecret, Of: ofClient, Door: true, Kind: partner.Text, Required: true, Secret: true, Credential: true, With: fieldClient, Make: partner.MakeKey,
			Description: "Its secret: client_secret of POST /v2/oauth/token."},
	}
}

// vendorFields declares an outlet.
func vendorFields() []partner.Field {
	return []partner.Field{
		{Name: fieldVendor, Of: ofVendor, Door: true, Kind: partner.Text, Required: true, Unique: uniqueOutlet, Check: checkVendor,
			Description: "The platform's id of the outlet. Orders, offers and promotions of the outlet have it as their store."},
		{Name: fieldExternal, Of: ofVendor, Door: true, Kind: partner.Text, Unique: uniqueOutlet, Check: checkVendor,
			Description: "The partner's own id of the outlet, which is taken wherever the platform's is. Empty: none."},
		{Name: fieldPicking, Of: ofVendor, Door: true, Kind: partner.Text, Choices: []string{pickingPartner, pickingPelican},
			Description: "Who picks there: partner or pelican. Empty: as the chain says."},
		{Name: fieldBuffer, Of: ofVendor, Door: true, Kind: partner.Int, Check: checkCount,
			Description: "Sales buffer there. Empty: as the chain says."},
		{Name: fieldHours, Of: ofVendor, Door: true, Kind: partner.List, Check: checkHours,
			Description: "Opening hours, an element per weekday: 1=08:00-16:00 is Monday. Empty: always open."},
		{Name: fieldCheckin, Of: ofVendor, Door: true, Kind: partner.Bool, Default: "false",
			Description: "The outlet opens only when it was checked in for its hours, by CHECKIN or OPEN."},
	}
}

// hookFields declares where a chain wants to be told.
func hookFields() []partner.Field {
	return []partner.Field{
		{Name: fieldHookURL, Of: ofHook, Door: true, Kind: partner.URL, Required: true,
			Description: "Address to which events of orders are posted."},
		{Name: fieldHookSecret, Of: ofHook, Door: true, Kind: partner.Text, Required: true, Secret: true, Make: partner.MakeKey,
			Description: "What is sent with every event, as it stands: any text, or a ready-made Basic and Base64 of USER:PASSWORD."},
		{Name: fieldHookHeader, Of: ofHook, Door: true, Kind: partner.Text, Default: "Authorization", Check: checkHeader,
			Description: "Name of the header that it is sent in."},
		{Name: fieldHookPrefix, Of: ofHook, Door: true, Kind: partner.Text,
			Description: "A word that is put before it with a blank, such as Bearer. Empty: none."},
		{Name: fieldJobURL, Of: ofHook, Door: true, Kind: partner.URL,
			Description: "Address to which the ends of jobs are posted. Empty: webhook_url."},
		{Name: fieldHookCatalog, Of: ofHook, Door: true, Kind: partner.Bool, Default: "false",
			Description: "Tell of the ends of jobs on the catalogue; that of an export is always told."},
		{Name: fieldHookPromos, Of: ofHook, Door: true, Kind: partner.Bool, Default: "false",
			Description: "Tell of the ends of jobs on promotions, and of promotions that start and end."},
	}
}
