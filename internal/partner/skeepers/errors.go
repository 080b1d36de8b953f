package skeepers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// A problem is an answer of the door that is no success. No source shows a
// body: the shape is that of RFC 6749, 5.2, everywhere (our choice), for
// clients show it to people and read nothing of it but the status.
type problem struct {
	status      int
	code        string // "invalid_client"
	description string
	retryAfter  int // seconds; 0: no header
	allow       string
	login       string // the WWW-Authenticate header
}

func (p *problem) Error() string { return p.description }

// The problems of the token address (RFC 6749, 5.2).

func invalidRequest(reason string) *problem {
	return &problem{status: http.StatusBadRequest, code: "invalid_request", description: reason}
}

func invalidClient() *problem {
	return &problem{status: http.StatusUnauthorized, code: "invalid_client", login: `Basic realm="skeepers"`,
		description: "unknown client id or wrong client secret, to be sent as Authorization: Basic base64(client_id:client_secret)"}
}

func unsupportedGrant() *problem {
	return &problem{status: http.StatusBadRequest, code: "unsupported_grant_type", description: "grant_type must be client_credentials"}
}

func invalidScope() *problem {
	return &problem{status: http.StatusBadRequest, code: "invalid_scope", description: "scope must be openid, or left out"}
}

// The problems of the API.

func invalidToken(reason string) *problem {
	return &problem{status: http.StatusUnauthorized, code: "invalid_token", description: reason, login: `Bearer realm="skeepers", error="invalid_token"`}
}

func otherWebsite() *problem {
	return &problem{status: http.StatusForbidden, code: "forbidden",
		description: "the website id in the address is not that of the client; it is a bare UUID, shown where the client was created"}
}

// noShop is the vendor's own answer to a wrong website id (logged by a client
// of the live API, seen 2026). Under which key the text stands is not known.
func noShop(website string) *problem {
	return &problem{status: http.StatusInternalServerError, code: "internal_server_error",
		description: "[VALIDATION SERVICE]: An error occurred on fetch Shop of website: " + shortID(website)}
}

// tooMany is said of an array with more than most events. Of a synchronous call
// it is final, for its limit is documented. The asynchronous one has none but
// ours, and a 400 would make the shop module forget the orders.
func tooMany(most int) *problem {
	p := &problem{status: http.StatusBadRequest, code: "invalid_request",
		description: "more than " + strconv.Itoa(most) + " events in one call"}
	if most > maxBatch {
		p.status = http.StatusRequestEntityTooLarge
	}
	return p
}

func tooLarge() *problem {
	return &problem{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: partner.ErrBodyTooLarge.Error()}
}

func unsupportedEncoding() *problem {
	return &problem{status: http.StatusUnsupportedMediaType, code: "invalid_request", description: partner.ErrBodyEncoding.Error()}
}

func notFound() *problem {
	return &problem{status: http.StatusNotFound, code: "not_found", description: "no such address: this door takes proofs of purchase only"}
}

func notAllowed(allow string) *problem {
	return &problem{status: http.StatusMethodNotAllowed, code: "method_not_allowed", description: "the method must be " + allow, allow: allow}
}

// trouble turns an error of reading, of the intake or of the credentials into
// an answer. What is ours is never a 4xx: the vendor's shop module takes a 400
// as final and forgets the order.
func trouble(err error) *problem {
	var p *problem
	var invalid *order.Invalid
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &invalid) && len(invalid.Faults) > 0:
		return invalidRequest(faultText(invalid.Faults[0]))
	case errors.Is(err, partner.ErrBodyTooLarge):
		return tooLarge()
	case errors.Is(err, partner.ErrBodyEncoding):
		return unsupportedEncoding()
	case errors.Is(err, partner.ErrBodyGzip), errors.Is(err, partner.ErrBodyBroken):
		return invalidRequest(err.Error())
	case errors.Is(err, order.ErrBusy):
		return &problem{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", description: order.ErrBusy.Error(), retryAfter: 1}
	case errors.Is(err, order.ErrReadOnly):
		return &problem{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", description: order.ErrReadOnly.Error(), retryAfter: 60}
	}
	return &problem{status: http.StatusInternalServerError, code: "server_error", description: "internal error, please try again later"}
}

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.login != "" {
		h.Set("WWW-Authenticate", p.login)
	}
	b := json.AppendText([]byte(`{"error":`), p.code)
	b = append(json.AppendText(append(b, `,"error_description":`...), p.description), '}')
	writeJSON(w, p.status, b)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left is not our trouble
}

var jsonType = []string{"application/json"}
