package deliveryhero

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// wrong is a call that is refused, as the caller is told. The shape of the body
// was seen with one client (2026); the codes are our choice, for no page has
// them.
type wrong struct {
	Status  int
	Code    string
	Message string

	oauth string        // what RFC 6749 calls it; "": no such member
	after time.Duration // Retry-After; 0: no header
}

func (w *wrong) Error() string { return w.Message }

// wireWrong is the body of a refusal.
type wireWrong struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Error   string `json:"error,omitzero"` // of the token call alone
}

// The refusals that every call may end with.

// badRequest is 400: the body, the query, or what is asked for.
func badRequest(message string) *wrong {
	return &wrong{Status: http.StatusBadRequest, Code: "INVALID_REQUEST", Message: message}
}

func unauthorized(message string) *wrong {
	return &wrong{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: message}
}

// forbidden is for a token of another chain.
func forbidden() *wrong {
	return &wrong{Status: http.StatusForbidden, Code: "FORBIDDEN", Message: "The access token is not one of this chain"}
}

// notFound says what is not there: "vendor", "order", "job".
func notFound(what string) *wrong {
	return &wrong{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "There is no such " + what}
}

func tooLarge(message string) *wrong {
	return &wrong{Status: http.StatusRequestEntityTooLarge, Code: "TOO_LARGE", Message: message}
}

func tooMany(after time.Duration) *wrong {
	return &wrong{Status: http.StatusTooManyRequests, Code: "TOO_MANY_REQUESTS", Message: "Too many calls in this minute", after: after}
}

// badGrant is 400 of the token call.
func badGrant(oauth, message string) *wrong {
	w := badRequest(message)
	w.oauth = oauth
	return w
}

func wrongClient() *wrong {
	w := unauthorized("The client credentials are invalid")
	w.oauth = "invalid_client"
	return w
}

// trouble turns an error of a call into an answer. What is ours is never a 4xx,
// which a client would take as final.
func trouble(err error) *wrong {
	var w *wrong
	var invalid *order.Invalid
	switch {
	case errors.As(err, &w):
		return w
	case errors.As(err, &invalid):
		return badRequest(invalid.Error())
	case errors.Is(err, order.ErrBusy):
		return &wrong{Status: http.StatusServiceUnavailable, Code: "SERVICE_UNAVAILABLE", Message: "Too busy, try again later", after: time.Second}
	case errors.Is(err, order.ErrReadOnly):
		return &wrong{Status: http.StatusServiceUnavailable, Code: "SERVICE_UNAVAILABLE", Message: "Nothing is accepted at the moment", after: time.Minute}
	}
	return &wrong{Status: http.StatusInternalServerError, Code: "INTERNAL_ERROR", Message: "An internal error occurred"}
}

// write answers with the refusal.
func (w *wrong) write(to http.ResponseWriter) {
	if w.after > 0 {
		to.Header().Set("Retry-After", strconv.Itoa(int((w.after+time.Second-1)/time.Second)))
	}
	writeAnswer(to, answer{w.Status, wireWrong{w.Code, w.Message, w.oauth}})
}
