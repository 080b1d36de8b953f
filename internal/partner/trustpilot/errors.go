package trustpilot

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// A problem is an answer of the door that is no success. The API has several
// shapes of them: its own {message, errorCode, details, correlationId}, the
// gateway's {fault}, and two of the token calls (README.md, "Errors").
type problem struct {
	status     int
	number     int    // errorCode of the API's own shape
	message    string // of the API's own shape
	details    string // sentences for people; "": none
	fault      string // the gateway's sentence; "": no such member
	faultCode  string // its machine word
	oauth      string // {error} of OAuth; "": no such members
	explained  string // {error_description}
	old        string // {ErrorCode} of the older gateway, which has {Error} beside it
	retryAfter int    // seconds; 0: no header
	allow      string
}

func (p *problem) Error() string { return p.message + p.fault + p.explained }

// The problems, one function each. Numbers other than 1001 and 1014 are our
// choice: no page has them.

// malformed is 400 / 1001 with one sentence per field.
func malformed(sentences string) *problem {
	return &problem{status: http.StatusBadRequest, number: 1001, message: "The request was malformed", details: sentences}
}

// forbidden is 403 / 1014: the role, the plan, the business unit.
func forbidden() *problem {
	return &problem{status: http.StatusForbidden, number: 1014, message: "Access to resource is forbidden"}
}

func apiProblem(status int, message string) *problem {
	return &problem{status: status, number: status, message: message}
}

func notFound() *problem { return apiProblem(http.StatusNotFound, "The resource was not found") }

func tooLarge() *problem {
	return apiProblem(http.StatusRequestEntityTooLarge, "The request body is larger than 10 MB")
}

func wrongType() *problem {
	return apiProblem(http.StatusUnsupportedMediaType, "The content type of the request is not supported")
}

func notAllowed(allow string) *problem {
	p := apiProblem(http.StatusMethodNotAllowed, "The method is not allowed")
	p.allow = allow
	return p
}

// gateway is 401 in the gateway's shape.
func gateway(sentence, code string) *problem {
	return &problem{status: http.StatusUnauthorized, fault: sentence, faultCode: code}
}

func noKey() *problem {
	return gateway("Failed to resolve API Key variable request.header.apikey", "steps.oauth.v2.FailedToResolveAPIKey")
}

func wrongKey() *problem { return gateway("Invalid API key", "oauth.v2.InvalidApiKey") }

func noToken() *problem { return gateway("Invalid access token", "oauth.v2.InvalidAccessToken") }

func wrongToken() *problem {
	return gateway("Invalid Access Token", "keymanagement.service.invalid_access_token")
}

func expiredToken() *problem {
	return gateway("Access Token expired", "keymanagement.service.access_token_expired")
}

// wrongClient is for an application's key and secret. All 401 of the token
// calls have the gateway's and OAuth's members: clients read either.
func wrongClient() *problem {
	p := gateway("Invalid client identifier", "oauth.v2.InvalidClientIdentifier")
	p.oauth, p.explained = "invalid_client", "The client credentials are invalid"
	return p
}

// wrongGrant is for passwords, codes and refresh tokens; terse on purpose.
func wrongGrant() *problem {
	p := gateway("Invalid grant", "oauth.v2.InvalidGrant")
	p.oauth, p.explained = "invalid_grant", "The grant is invalid, expired or revoked"
	return p
}

// badForm is 400 of the token calls, in the older gateway's shape.
func badForm(sentence string) *problem {
	return &problem{status: http.StatusBadRequest, old: sentence}
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
		return malformed(sentencesOf(invalid.Faults))
	case errors.Is(err, order.ErrBusy):
		p = apiProblem(http.StatusServiceUnavailable, "Too busy, try again later")
		p.retryAfter = 1
	case errors.Is(err, order.ErrReadOnly):
		p = apiProblem(http.StatusServiceUnavailable, "Nothing is accepted at the moment")
		p.retryAfter = 60
	default:
		p = apiProblem(http.StatusInternalServerError, "An internal error occurred")
	}
	return p
}

// wireProblem is the API's own shape.
type wireProblem struct {
	Message       string `json:"message"`
	ErrorCode     int    `json:"errorCode"`
	Details       string `json:"details,omitzero"`
	CorrelationID string `json:"correlationId"`
}

// wireFault are the shapes of the token calls and of every 401.
type wireFault struct {
	Fault       *faultBody `json:"fault,omitzero"`
	Error       string     `json:"error,omitzero"`
	Description string     `json:"error_description,omitzero"`
	OldCode     string     `json:"ErrorCode,omitzero"`
	OldError    string     `json:"Error,omitzero"`
}

type faultBody struct {
	Sentence string      `json:"faultstring"`
	Detail   faultDetail `json:"detail"`
}

type faultDetail struct {
	Code string `json:"errorcode"`
}

// write answers with the problem.
func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	answerJSON(w, p.status, p.body())
}

func (p *problem) body() any {
	if p.number != 0 {
		return wireProblem{p.message, p.number, p.details, newUUID()}
	}
	f := wireFault{Error: p.oauth, Description: p.explained}
	if p.fault != "" {
		f.Fault = &faultBody{p.fault, faultDetail{p.faultCode}}
	}
	if p.old != "" {
		f.OldCode, f.OldError = "invalid_request", p.old
	}
	return f
}

// answerJSON writes an answer; what we make ourselves can always be encoded.
func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"message":"An internal error occurred","errorCode":500,"correlationId":""}`)
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left is not our trouble
}

var jsonType = []string{"application/json"}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
