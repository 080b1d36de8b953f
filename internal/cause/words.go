package cause

import "strings"

// A sign is what words must hold for a cause: one of each list.
type sign struct {
	cause Cause
	lists [][]string
}

var (
	// wrong says that something is there, and not good.
	wrong = []string{
		"unknown", "not found", "no such", "does not exist", "doesn't exist", "not valid", "invalid", "not in the correct format",
		"malformed", "rejected", "is bad", "not recognised", "not recognized", "no mail address", "none of", "not known", "wrong",
		"nieznan", "nie istnieje", "niepoprawn", "nieprawidłow", "błędn",
	}
	lacking = []string{
		"must be set", "must not be", "must be given", "is required", "are required", "required field", "missing", "mandatory", "has no ", "have no ", "lacks",
		"may not be null", "may not be empty", "may not be blank", "cannot be null", "cannot be empty", "cannot be blank",
		"can't be blank", "should not be empty", "should not be null", "needs a", "obowiązkow", "wymagan", "brak pola",
	}
)

// signs are looked for in this sequence. The words of partners are English
// mostly, of some wholesalers Polish.
var signs = []sign{
	{UnknownTemplate, [][]string{{"template", "szablon"}, wrong}},
	{NoCourier, [][]string{{"courier", "carrier", "shipping method", "kurier"}, append([]string{"not offered", "not available", "unavailable", "niedostępn"}, wrong...)}},
	{NoStock, [][]string{{"out of stock", "not enough stock", "insufficient stock", "not in stock", "sold out", "brak na stanie", "stan magazynow"}}},
	{UnknownProduct, [][]string{{"gtin", "sku", "product", "catalog item", "towar", "produkt"}, {"unknown", "not found", "no such", "does not exist", "doesn't exist", "not known", "nieznan", "nie istnieje"}}},
	{MissingField, [][]string{lacking}},
	{InvalidAddress, [][]string{{"email", "e-mail", "mail address", "mailbox", "recipient", "user", "address", "postcode", "postal", "zip", "adres", "kod pocztow"}, wrong}},
}

// spoken is the cause that words name; "": none plainly.
func spoken(words string) Cause {
	words = strings.ToLower(words)
	for _, s := range signs {
		if s.in(words) {
			return s.cause
		}
	}
	return ""
}

func (s *sign) in(words string) bool {
	for _, list := range s.lists {
		if !holdsOne(words, list) {
			return false
		}
	}
	return true
}

func holdsOne(words string, list []string) bool {
	for _, w := range list {
		if strings.Contains(words, w) {
			return true
		}
	}
	return false
}

// aboutAccount reports whether words name the account that a route is for.
func aboutAccount(words string) bool {
	return holdsOne(strings.ToLower(words), []string{"website_id", "website id", "business unit", "businessunit", "chain_id", "vendor id"})
}
