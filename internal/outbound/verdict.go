package outbound

import "net/http"

// Class is what a status says by itself, without the partner's own words.
type Class int8

// The classes.
const (
	Unknown Class = iota // may or may not have had its effect
	OK                   // taken
	Later                // certainly not taken, may be sent again
	Refused              // never taken as it is
	Login                // the login, the address or the account is wrong: about the route, not the order
)

func (c Class) String() string {
	return [...]string{"unknown", "ok", "later", "refused", "login"}[c]
}

// Verdict returns the default class of a status. Partners list their
// exceptions.
//
// A redirect is Login: it is never followed, so the configured address is not
// the right one. 404, 405 and 410 are Login too: an address that does not
// exist says nothing about the order; a partner whose addresses name single
// orders must say otherwise. A 500, 502 or 504 is Unknown: something broke,
// perhaps after the order was stored.
func Verdict(status int) Class {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusGone, http.StatusMisdirectedRequest, http.StatusUpgradeRequired,
		http.StatusNotImplemented, http.StatusHTTPVersionNotSupported,
		http.StatusNetworkAuthenticationRequired:
		return Login
	case http.StatusRequestTimeout, http.StatusLocked, http.StatusTooEarly,
		http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		return Later
	case 521, 522, 523, 525, 526, 529:
		// The edge did not reach the origin (521-523, 525, 526:
		// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/,
		// seen 2026); 529: overloaded (inferred).
		return Later
	}
	switch status / 100 {
	case 2:
		return OK
	case 3:
		return Login
	case 4:
		return Refused
	}
	return Unknown
}
