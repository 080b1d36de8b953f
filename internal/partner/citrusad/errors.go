package citrusad

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// A problem is an answer of the door that is no success.
type problem struct {
	status     int
	message    string
	faults     []order.Fault
	retryAfter int // seconds; 0: no header
	allow      string
}

func (p *problem) Error() string { return p.message }

// The problems of the door, one function each.

func invalidInput(faults []order.Fault) *problem {
	return &problem{status: http.StatusBadRequest, message: summary(faults), faults: faults}
}

func badRequest(reason string) *problem {
	return invalidInput([]order.Fault{{Code: order.Malformed, Reason: reason}})
}

func tooLarge() *problem {
	faults := []order.Fault{{Code: order.TooLarge, Reason: "the body is larger than 10 MB"}}
	return &problem{status: http.StatusRequestEntityTooLarge, message: summary(faults), faults: faults}
}

func unsupportedEncoding() *problem {
	return &problem{status: http.StatusUnsupportedMediaType, message: "Content-Encoding must be gzip or absent"}
}

func unauthorized() *problem {
	return &problem{status: http.StatusUnauthorized, message: "invalid credentials"}
}

func orderNotFound() *problem {
	return &problem{status: http.StatusNotFound, message: "no such order"}
}

func notAllowed(allow string) *problem {
	return &problem{status: http.StatusMethodNotAllowed, message: "method not allowed", allow: allow}
}

// trouble turns an error of the intake or of a read into an answer. What is
// ours is never a 4xx, which a client would take as final.
func trouble(err error) *problem {
	var p *problem
	var invalid *order.Invalid
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &invalid):
		return invalidInput(invalid.Faults)
	case errors.Is(err, partner.ErrBodyTooLarge):
		return tooLarge()
	case errors.Is(err, partner.ErrBodyEncoding):
		return unsupportedEncoding()
	case errors.Is(err, partner.ErrBodyGzip), errors.Is(err, partner.ErrBodyBroken):
		return badRequest(err.Error())
	case errors.Is(err, order.ErrConflict):
		return &problem{status: http.StatusConflict, message: order.ErrConflict.Error()}
	case errors.Is(err, order.ErrBusy):
		return &problem{status: http.StatusServiceUnavailable, message: order.ErrBusy.Error(), retryAfter: 1}
	case errors.Is(err, order.ErrReadOnly):
		return &problem{status: http.StatusServiceUnavailable, message: order.ErrReadOnly.Error(), retryAfter: 60}
	}
	return &problem{status: http.StatusInternalServerError, message: "internal error"}
}

// summary is the first complaint, and how many more there are.
func summary(faults []order.Fault) string {
	if len(faults) == 0 {
		return "invalid input"
	}
	text := faultText(faults[0])
	if n := len(faults) - 1; n > 0 {
		text += " (and " + strconv.Itoa(n) + " more)"
	}
	return text
}

// faultText is a complaint as one sentence: "orders[0].orderItems: is required".
func faultText(f order.Fault) string {
	if f.Path == "" {
		return f.Reason
	}
	return f.Path + ": " + f.Reason
}

// write answers with the shape of /v1/orders: 400 and 413 are JSON
// {message, additionalInfo}, everything else is plain text as the newest
// OpenAPI says, or JSON too where asJSON is set, as in 2017.
func (p *problem) write(w http.ResponseWriter, asJSON bool) {
	p.header(w)
	if p.faults != nil || asJSON {
		writeJSON(w, p.status, appendErrorResponse(nil, p.message, p.faults))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(p.message)) // a client that left is not our trouble
}

// writePixel answers with the shape of third-o: {"error":{"message"}}.
func (p *problem) writePixel(w http.ResponseWriter) {
	p.header(w)
	texts := make([]string, 0, len(p.faults))
	for _, f := range p.faults {
		texts = append(texts, faultText(f))
	}
	message := p.message
	if len(texts) > 0 {
		message = strings.Join(texts, "; ")
	}
	writeJSON(w, p.status, append(appendText([]byte(`{"error":{"message":`), message), `}}`...))
}

func (p *problem) header(w http.ResponseWriter) {
	h := w.Header()
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="citrusad"`)
	}
}

// appendErrorResponse appends the ErrorResponse of the vendor's Swagger file
// of 2017 and OpenAPI of 2026, which name its fields alike.
func appendErrorResponse(b []byte, message string, faults []order.Fault) []byte {
	b = appendText(append(b, `{"message":`...), message)
	b = append(b, `,"additionalInfo":[`...)
	for i, f := range faults {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"code":`...), faultCode(f.Code))
		b = append(appendText(append(b, `,"message":`...), faultText(f)), '}')
	}
	return append(b, `]}`...)
}

// faultCode is the vendor's word: Required, Malformed or Unknown (2017).
func faultCode(code order.FaultCode) string {
	if code == order.Required {
		return "Required"
	}
	return "Malformed"
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left is not our trouble
}

var jsonType = []string{"application/json"}

// partnerWords reads the partner's words out of an error body, which may be
// {"message"}, {"error":{"message"}}, a quoted string, plain text or nothing.
func partnerWords(body []byte) string {
	text := strings.TrimSpace(string(body[:min(len(body), 64<<10)]))
	switch {
	case text == "":
		return "no explanation given"
	case text[0] == '{':
		text = messageOf(text)
	case text[0] == '"' && len(text) > 1 && text[len(text)-1] == '"':
		text = json.Unescape(text[1 : len(text)-1])
	case text[0] == '<':
		return "an HTML page, no explanation" // of a proxy, mostly
	}
	return partner.Words(text)
}
