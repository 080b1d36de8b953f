// Package deliveryhero speaks Delivery Hero's Partner API v2 for shops
// (quick commerce): its door plays the platform for a chain's own client, its
// route is that client. README.md is the compatibility sheet.
package deliveryhero

import (
	"slices"

	"github.com/ordermux/ordermux/internal/partner"
)

// name is the partner's, and so that of its door.
const name = "deliveryhero"

// Partner is Delivery Hero.
var Partner = partner.Partner{
	Name:  name,
	Title: "Delivery Hero",
	Settings: slices.Concat(chainFields(), tokenFields(), clientFields(), vendorFields(), hookFields(), uploadFields(),
		routeFields(), routePromotionFields(), routeCatalogFields()),
	OpenAPI:    openAPI,
	Door:       newDoor,
	LongBodies: mostPromotionBody + 1, // one more is told from too many
	Callback:   newCallback,
	Route:      newRoute,
	Uploads:    newUploads,
	Kinds: []partner.CredentialKind{
		{Of: ofChain, Most: 1},
		{Of: ofToken, Most: mostTokens, Names: []string{"Catalogue", "Orders", "Promotions"}, Advice: tokenAdvice},
		{Of: ofClient, Most: mostClients, Advice: tokenAdvice},
		{Of: ofHook, Most: 1},
	},
}

// The kinds of the door's credentials (Field.Of).
const (
	ofChain  = ""        // the chain itself: one of a shop
	ofToken  = "token"   // as the portal makes them: named, never over
	ofClient = "client"  // OAuth 2.0 client credentials
	ofVendor = "vendor"  // an outlet; nobody presents it
	ofHook   = "webhook" // where the chain wants to be told: one of a shop
	ofUpload = "sftp"    // sftp.Kind
)

// How many may live at a time; source: the portal's pages, seen 2026.
const (
	mostTokens  = 11
	mostClients = 10
)

const tokenAdvice = "Keep it safe and give it to nobody, support included: it opens every outlet of the chain, and never ends by itself."
