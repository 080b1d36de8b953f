package trustpilot

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// restAfter500 is the official advice for a 500: try again in 5 to 15 minutes
// (https://developers.trustpilot.com/get-started/common-error-messages, seen
// 2026).
const restAfter500 = 5 * time.Minute

// verdict is the outcome of a call that was answered with no success. It is
// about the route where the login, the address or the account is wrong.
func verdict(reply outbound.Reply) partner.Outcome {
	w := readWords(reply.Body)
	code := w.code(reply.Status)
	switch {
	case reply.Status == http.StatusForbidden && !w.json:
		// The edge in front of the API, not the API: https://github.com/trustpilot/node-trustpilot/issues/110
		// (seen 2026).
		return partner.Later(reply.RetryAfter, "edge_403", "refused by the network in front of the API: "+w.text)
	case reply.Status == http.StatusUnsupportedMediaType:
		return partner.Refused(code, w.text).Of(partner.ScopeRoute)
	case outbound.Verdict(reply.Status) == outbound.Login:
		return partner.Refused(code, whose(reply.Status)+w.text).Of(partner.ScopeRoute)
	case reply.Status == http.StatusInternalServerError:
		return partner.Later(max(reply.RetryAfter, restAfter500), code, w.text)
	case reply.Status >= 500, outbound.Verdict(reply.Status) == outbound.Later:
		return partner.Later(reply.RetryAfter, code, w.text)
	case outbound.Verdict(reply.Status) == outbound.Refused:
		return partner.Refused(code, w.text)
	}
	return partner.Unknown(code, w.text)
}

// whose tells a person where to look.
func whose(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the login is not taken: "
	case status == http.StatusForbidden:
		return "no access (role of the user, plan, business_unit_id, business_user_id): "
	case status == http.StatusNotFound:
		return "the business unit or the address of the API is unknown: "
	case status/100 == 3:
		return "the address answers with a redirect: "
	}
	return "the address does not seem to be that of the API: "
}

// unanswered is the outcome of an invitation without a complete answer.
func unanswered(err error) partner.Outcome {
	var e *outbound.Error
	if errors.As(err, &e) && !e.Left {
		if e.Op == outbound.OpRequest { // the address or the login can not even be sent
			return partner.Refused(callCode(err), err.Error()).Of(partner.ScopeRoute)
		}
		return partner.Later(0, callCode(err), err.Error())
	}
	return partner.Unknown(callCode(err), err.Error())
}

// unasked is the outcome of a question without a complete answer: a question
// has no effect.
func unasked(err error) partner.Outcome {
	o := unanswered(err)
	if o.Scope == partner.ScopeRoute {
		return o
	}
	return partner.Later(0, callCode(err), err.Error())
}

func callCode(err error) string {
	var e *outbound.Error
	if !errors.As(err, &e) {
		return "no_answer"
	}
	if e.Timeout() {
		return "timeout"
	}
	return "no_answer_" + strings.ReplaceAll(e.Op, " ", "_")
}

// tokenVerdict is why a token call brought no token; nil: it may have. No
// invitation left with it.
func tokenVerdict(reply outbound.Reply, err error) *partner.Outcome {
	var o partner.Outcome
	switch {
	case err != nil:
		o = unasked(err)
	case reply.Status/100 == 2:
		return nil
	case reply.Status == http.StatusTooManyRequests:
		o = partner.Later(reply.RetryAfter, "token_429", "a token was asked for too often")
	default:
		if o = verdict(reply); o.Result == partner.ResultRefused {
			o = o.Of(partner.ScopeRoute)
		}
		if o.Result == partner.ResultUnknown {
			o.Result = partner.ResultLater
		}
		if o.Scope == partner.ScopeRoute {
			o.Reason = "api_key, api_secret or the user's login is not taken: " + readWords(reply.Body).text
		}
	}
	o.Code = "token_" + strings.TrimPrefix(o.Code, "token_")
	return &o
}

// words are what an answer says, in any of its four shapes: the API's
// {message, errorCode, details, correlationId}, the gateway's {fault}, OAuth's
// {error, error_description} or {ErrorCode, Error}, and the pages of the edge.
type words struct {
	json        bool
	text        string // for people, bounded, without what looks like an address
	number      string // errorCode
	correlation string
}

func readWords(body []byte) words {
	text := strings.TrimSpace(string(body[:min(len(body), 64<<10)]))
	switch {
	case text == "":
		return words{text: "no explanation given"}
	case text[0] == '<':
		return words{text: "an HTML page, no explanation"}
	case text[0] != '{' || !json.Valid(body):
		return words{text: shorten(text)}
	}
	members := map[string]string{}
	flatten(members, body, 2)
	parts := []string{}
	for _, name := range []string{"message", "details", "faultstring", "error", "error_description", "Error"} {
		if v := members[name]; v != "" {
			parts = append(parts, v)
		}
	}
	w := words{json: true, text: "no explanation given", correlation: shorten(members["correlationId"])}
	if len(parts) > 0 {
		w.text = shorten(strings.Join(parts, ": "))
	}
	w.number = cmp.Or(members["errorCode"], members["errorcode"], members["ErrorCode"])
	if w.correlation != "" {
		w.text += " (correlationId " + w.correlation + ")"
	}
	return w
}

// flatten collects the plain members of an object and of those in it.
func flatten(into map[string]string, text []byte, depth int) {
	_ = json.Members(text, func(name string, v json.Value) error {
		switch v.Kind() {
		case '"':
			var s string
			if json.Unmarshal(v, &s) == nil {
				into[name] = s
			}
		case '0':
			into[name] = string(v)
		case '{':
			if depth > 0 {
				flatten(into, v, depth-1)
			}
		}
		return nil
	})
}

// code is the machine's word: the API's own number where there is one.
func (w words) code(status int) string {
	if _, err := strconv.Atoi(w.number); err == nil && len(w.number) <= 6 {
		return "http_" + strconv.Itoa(status) + "_" + w.number
	}
	return "http_" + strconv.Itoa(status)
}

// shorten makes one bounded printable line of a text. What looks like a mail
// address goes: an answer may repeat what it was sent.
func shorten(text string) string {
	return partner.Words(cleaned(strings.ToValidUTF8(text, "?")))
}
