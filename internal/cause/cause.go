// Package cause says in few words why deliveries do not arrive: the one table
// from what routes and the engine call an outcome (Delivery.Code) to what a
// person can do about it.
package cause

import (
	"slices"
	"strconv"
	"strings"
)

// Cause is why deliveries are stuck, as scripts and texts name it.
type Cause string

// The causes. Each has a plain text and a likely mend in the console.
const (
	WrongKey        Cause = "wrong_key"        // login, key, token, secret
	MissingRight    Cause = "missing_right"    // the login is good, and may not do this
	WrongAccount    Cause = "wrong_account"    // website id, business unit, chain, outlet
	WrongURL        Cause = "wrong_url"        // nothing of the partner's API is there
	InvalidAddress  Cause = "invalid_address"  // of mail or of post
	MissingField    Cause = "missing_field"    // missing, or not as the partner wants it
	UnknownTemplate Cause = "unknown_template" //
	UnknownProduct  Cause = "unknown_product"  //
	NoStock         Cause = "no_stock"         //
	NoCourier       Cause = "no_courier"       // the courier is not offered
	RateLimit       Cause = "rate_limit"       //
	Timeout         Cause = "timeout"          //
	NameNotFound    Cause = "name_not_found"   // DNS
	Certificate     Cause = "certificate"      // TLS
	PartnerDown     Cause = "partner_down"     //
	Refused         Cause = "refused"          // the partner's own words say why
	Unclear         Cause = "unclear"          // nobody knows whether it has arrived
	Rule            Cause = "rule"             // a rule of the route can not be judged
	Ours            Cause = "ours"             // a trouble of this hub
	Other           Cause = "other"            //
)

// All are the causes, those that stop a whole route first, then those of single
// orders, then those that pass by themselves.
func All() []Cause {
	return []Cause{
		WrongKey, MissingRight, WrongAccount, WrongURL, Certificate, NameNotFound, InvalidAddress, MissingField, UnknownTemplate,
		UnknownProduct, NoStock, NoCourier, Refused, Unclear, Rule, PartnerDown, Timeout, RateLimit, Ours, Other,
	}
}

// codes are the words that routes and the engine use, without the prefixes
// token_ and login_.
var codes = map[string]Cause{
	"timeout": Timeout, "http_408": Timeout, "http_504": Timeout, "http_524": Timeout, "token": Timeout, "session": Timeout,

	"no_answer_name": NameNotFound,
	"no_answer_tls":  Certificate, "http_525": Certificate, "http_526": Certificate,
	"no_answer_request": WrongURL, "no_answer_guard": WrongURL, "no_address": WrongURL,

	"http_429": RateLimit, "429": RateLimit, "own_pace": RateLimit, "pace": RateLimit,
	"edge_403": PartnerDown, "smtp_connect": PartnerDown, "no_token": PartnerDown,

	"http_401": WrongKey, "http_407": WrongKey, "http_511": WrongKey, "refused_login": WrongKey,
	"smtp_login": WrongKey, "smtp_530": WrongKey, "smtp_534": WrongKey, "smtp_535": WrongKey, "fault_1": WrongKey, "fault_102": WrongKey,
	"http_402": MissingRight, "http_403": MissingRight, "smtp_sender": MissingRight, "smtp_553": MissingRight, "fault_103": MissingRight,
	"unknown_website": WrongAccount, "no_business_unit": WrongAccount,
	"http_404": WrongURL, "http_405": WrongURL, "http_410": WrongURL, "http_415": WrongURL, "http_421": WrongURL, "http_426": WrongURL,
	"http_501": WrongURL, "http_505": WrongURL,

	"not_sendable": MissingField, "needs": MissingField, "no_email": MissingField, "fault_105": MissingField,
	"smtp_message": MissingField, "external_id": Refused,
	"smtp_recipient": InvalidAddress, "fault_130": InvalidAddress, "fault_131": InvalidAddress,
	"template_unknown": UnknownTemplate,
	"unknown_product":  UnknownProduct, "fault_110": UnknownProduct,
	"out_of_stock": NoStock, "fault_111": NoStock,
	"courier": NoCourier, "fault_120": NoCourier,
	"fault_199": PartnerDown, "fault_100": PartnerDown, "fault_101": PartnerDown,

	"unknown": Unclear, "cannot_ask": Unclear, "not_stated": Unclear, "no_order_id": Unclear, "unclear_answer": Unclear, "unreadable": Unclear,
	"when": Rule, "lines": Rule,
	"state": Ours, "store": Ours, "note": Ours, "mail": Ours, "not_kept": Ours, "not_read": Ours,
	"no_state": Ours, "no_chain": Ours, "no_accounts": Ours, "session_state": Ours, "token_state": Ours,
}

// Of is the cause that a code stands for. What nobody has named is Other.
func Of(code string) Cause {
	if c, ok := codes[code]; ok {
		return c
	}
	for _, prefix := range []string{"token_", "login_"} {
		if rest, ok := strings.CutPrefix(code, prefix); ok {
			return ofLogin(rest)
		}
	}
	for _, c := range refinable {
		if strings.HasSuffix(code, "_"+string(c)) {
			return c
		}
	}
	switch {
	case strings.HasPrefix(code, "no_answer"):
		return PartnerDown
	case strings.HasPrefix(code, "answer_"):
		return Unclear
	case strings.HasPrefix(code, "refused"), strings.HasPrefix(code, "fault_"), strings.HasSuffix(code, "_there"), code == "too_large":
		return Refused
	case strings.HasPrefix(code, "http_"):
		return ofStatus(strings.TrimPrefix(code, "http_"))
	case strings.HasPrefix(code, "smtp_4"):
		return PartnerDown
	case strings.HasPrefix(code, "smtp_5"):
		return Refused
	case strings.HasPrefix(code, "smtp_"):
		return Unclear
	}
	return Other
}

// ofLogin is the cause of what a call for a token or a session came to: what
// would be about the order elsewhere is about the login here.
func ofLogin(code string) Cause {
	switch c := Of(code); c {
	case Refused, MissingField, MissingRight, Other:
		return WrongKey
	case Unclear:
		return PartnerDown
	default:
		return c
	}
}

// ofStatus is the cause of a status, with whatever number of the partner's own
// behind it.
func ofStatus(rest string) Cause {
	status, own, more := strings.Cut(rest, "_")
	if c, ok := codes["http_"+status]; ok && more && own != "" {
		return c
	}
	n, err := strconv.Atoi(status)
	switch {
	case err != nil:
		return Other
	case n >= 500:
		return PartnerDown
	case n >= 400:
		return Refused
	case n >= 300:
		return WrongURL
	}
	return Unclear
}

// refinable are the causes that a partner's words can name where its code does
// not; the code is then the partner's with the cause behind it. Refused is for
// statuses that mean something else when they are about the route.
var refinable = []Cause{WrongAccount, UnknownTemplate, NoCourier, NoStock, UnknownProduct, MissingField, InvalidAddress, Refused}

// Refine returns a code that names the cause, where the code of a refusal is
// general (a status, "refused") and the words beside it are plain. Route: the
// outcome is about the route, not about one order. Other codes it returns as
// they are; a code that it made it does not change.
func Refine(code, words string, route bool) string {
	if !general(code) || slices.ContainsFunc(refinable, func(c Cause) bool { return strings.HasSuffix(code, "_"+string(c)) }) {
		return code
	}
	if route {
		if Of(code) == WrongURL && aboutAccount(words) {
			return code + "_" + string(WrongAccount)
		}
		return code
	}
	if c := spoken(words); c != "" {
		return code + "_" + string(c)
	}
	if Of(code) == WrongURL { // the address is right, for other orders go there
		return code + "_" + string(Refused)
	}
	return code
}

// general reports whether a code says no more than that it was refused.
func general(code string) bool {
	return code == "refused" || code == "refused_nameless" || code == "not_sendable" || code == "smtp_message" ||
		strings.HasPrefix(code, "http_4") && !strings.HasPrefix(code, "http_429") || strings.HasPrefix(code, "smtp_5") || strings.HasPrefix(code, "fault_")
}
