// Package trustpilot speaks Trustpilot's API for inviting customers to review:
// its door plays the API for a shop's own client, its route has the real one
// invite a shop's customers. README.md is the compatibility sheet.
package trustpilot

import "github.com/ordermux/ordermux/internal/partner"

// Partner is Trustpilot.
var Partner = partner.Partner{
	Name:     "trustpilot",
	Title:    "Trustpilot",
	Settings: append(doorFields(), routeFields()...),
	Door:     newDoor,
	Warnings: warnings,
	Lacks:    []partner.Need{partner.NeedPrices, partner.NeedAddress, partner.NeedSession, partner.NeedPlacedAt},
	Route:    newRoute,
	OpenAPI:  openAPI,
}

// The door's kinds of credential, and their fields that callers present.
const (
	ofUser = "user" // Field.Of; "" are applications

	fieldKey      = "api_key"
	fieldSecret   = "api_secret"
	fieldEmail    = "user_email"
	fieldPassword = "user_password"
	fieldUser     = "user_id"
)

// What an answer to a taken invitation looks like.
const (
	bodyEmpty  = "empty"
	bodyObject = "object"
)

// doorFields declares the settings of an application and of a user.
func doorFields() []partner.Field {
	return append(applicationFields(), []partner.Field{
		{Name: fieldEmail, Of: ofUser, Door: true, Kind: partner.Text, Required: true, Credential: true,
			Description: "E-mail address that the user logs in with: username of the grant password, and on the login page."},
		{Name: fieldPassword, Of: ofUser, Door: true, Kind: partner.Text, Required: true, Secret: true, Password: true, Make: partner.MakeKey,
			Description: "The user's password."},
		{Name: "user_role", Of: ofUser, Door: true, Kind: partner.Text, Default: roleAdmin,
			Description: "The user's role. Only Admin and Manager may invite customers and delete invitation data."},
		{Name: fieldUser, Of: ofUser, Door: true, Kind: partner.Text, Credential: true, Make: partner.MakeHex24,
			Description: "The business user id: x-business-user-id. Empty: one is made of the shop and the user's name."},
	}...)
}

func applicationFields() []partner.Field {
	return []partner.Field{
		{Name: fieldKey, Door: true, Kind: partner.Text, Required: true, Credential: true, Make: partner.MakeKey,
			Description: "API key of the application: apikey of public calls, client_id of tokens."},
		{Name: fieldSecret, Door: true, Kind: partner.Text, Required: true, Secret: true, Credential: true, With: fieldKey, Make: partner.MakeKey,
			Description: "Secret of the application: client_secret of tokens."},
		{Name: "domains", Door: true, Kind: partner.List, Required: true,
			Description: "Domains of the business unit, such as nordljus.example: the first is its identifying name, the others refer to it. The login page sends people back to these only."},
		{Name: "business_unit_id", Door: true, Kind: partner.Text,
			Description: "Id of the business unit, 24 hexadecimal digits: the one that a client has configured. Empty: made of the shop and the first domain."},
		{Name: "display_name", Door: true, Kind: partner.Text,
			Description: "Name of the business unit. Empty: its first domain."},
		{Name: "website", Door: true, Kind: partner.URL, Description: "Address of the shop. Empty: https:// and the first domain."},
		{Name: "country", Door: true, Kind: partner.Text, Default: "US",
			Description: "Country of the business unit, two letters."},
		{Name: "api_access", Door: true, Kind: partner.Bool, Default: "true",
			Description: "Whether the plan includes the API. Off: every call but those for tokens is answered with 403 / 1014."},
		{Name: "require_user", Door: true, Kind: partner.Bool, Default: "true",
			Description: "Demand x-business-user-id of an Admin or Manager from tokens of client_credentials that invite or delete."},
		{Name: "accept_incomplete", Door: true, Kind: partner.Bool, Default: "false",
			Description: "Take invitations without a name or reference number, and products without name and addresses. An invitation without a reference number becomes an order of its own."},
		{Name: "tags", Door: true, Kind: partner.Text, Default: ruleReject, Choices: []string{ruleReject, ruleWarn},
			Description: "What becomes of tags with blanks or other signs that the help page forbids: reject (400 / 1001), or warn and take them."},
		{Name: "redirects", Door: true, Kind: partner.Text, Default: ruleReject, Choices: []string{ruleReject, ruleWarn},
			Description: "Likewise of a redirectUri that is not absolute. Nobody is sent to such an address."},
		{Name: "unknown_locales", Door: true, Kind: partner.Text, Default: ruleWarn, Choices: []string{ruleReject, ruleWarn},
			Description: "Likewise of a locale that is not one of the 25 of the sheet."},
		{Name: "success_status", Door: true, Kind: partner.Text, Default: "202", Choices: []string{"200", "201", "202"},
			Description: "Status of a taken invitation; no page has it."},
		{Name: "success_body", Door: true, Kind: partner.Text, Default: bodyEmpty, Choices: []string{bodyEmpty, bodyObject},
			Description: "Its body: empty, or object ({}) for clients that insist on JSON."},
		{Name: "refresh_lifetime", Door: true, Kind: partner.Duration, Default: "720h",
			Description: "How long a refresh token lives: 30 days are documented, 90 were seen."},
		{Name: "issued_at", Door: true, Kind: partner.Text, Default: "seconds", Choices: []string{"seconds", "milliseconds"},
			Description: "Unit of issued_at in answers with tokens: seconds as seen in 2025, or milliseconds, with which the official Node client keeps its token."},
	}
}

// What becomes of what a rule forbids.
const (
	ruleReject = "reject"
	ruleWarn   = "warn"
)

// demandsOf reads an application's switches.
func demandsOf(s partner.Settings) demands {
	return demands{
		Incomplete: s["accept_incomplete"].Text == "true",
		LooseTags:  s["tags"].Text == ruleWarn, LooseURIs: s["redirects"].Text == ruleWarn,
		Locales: s["unknown_locales"].Text == ruleReject,
	}
}
