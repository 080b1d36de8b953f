package deliveryhero

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// failed is what to make of a call of route.call that was answered with no
// success; nil: it was. A 404 with an empty body is an address that does not
// exist, one with a body is about what the address names (seen 2026 on a live
// system by an integrator).
func failed(reply outbound.Reply, o *partner.Outcome, err error) *partner.Outcome {
	var v partner.Outcome
	switch {
	case o != nil:
		return o
	case err != nil:
		v = unanswered(err)
	case reply.Status/100 == 2:
		return nil
	default:
		v = replyVerdict(reply)
	}
	return &v
}

// failedQuestion is failed for a call that has no effect: what may or may not
// have come of it is asked again.
func failedQuestion(reply outbound.Reply, o *partner.Outcome, err error) *partner.Outcome {
	o = failed(reply, o, err)
	if o != nil && o.Result == partner.ResultUnknown {
		again := partner.Later(reply.RetryAfter, o.Code, o.Reason)
		return &again
	}
	return o
}

func replyVerdict(reply outbound.Reply) partner.Outcome {
	word := partnerWords(reply.Body)
	code := "http_" + strconv.Itoa(reply.Status)
	switch {
	case isUnknownThing(reply):
		return partner.Refused(code, "the platform knows no such thing: "+word)
	case reply.Status == http.StatusForbidden && word == htmlPage:
		return partner.Later(reply.RetryAfter, "edge_403", "refused by the network in front of the API")
	}
	switch outbound.Verdict(reply.Status) {
	case outbound.Login:
		return partner.Refused(code, whose(reply.Status)+word).Of(partner.ScopeRoute)
	case outbound.Later:
		return partner.Later(reply.RetryAfter, code, word)
	case outbound.Refused:
		return partner.Refused(code, word)
	}
	return partner.Unknown(code, word)
}

// isUnknownThing reports whether the address is right, and what it names unknown.
func isUnknownThing(reply outbound.Reply) bool {
	body := strings.TrimSpace(string(reply.Body[:min(len(reply.Body), 64)]))
	return reply.Status == http.StatusNotFound && strings.HasPrefix(body, "{")
}

// whose tells a person where to look.
func whose(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "the token or the client is not taken: "
	case http.StatusForbidden:
		return "no access to that chain or outlet (chain_id, vendors): "
	}
	return "base_url does not seem to be that of the API: "
}

// unanswered is the outcome of a call without a complete answer.
func unanswered(err error) partner.Outcome {
	var e *outbound.Error
	if !errors.As(err, &e) {
		return partner.Unknown("no_answer", err.Error())
	}
	code := "no_answer_" + strings.ReplaceAll(e.Op, " ", "_")
	if e.Timeout() {
		code = "timeout"
	}
	switch {
	case e.Left:
		return partner.Unknown(code, err.Error())
	case e.Op == outbound.OpRequest: // the address or the login can not even be sent
		return partner.Refused(code, err.Error()).Of(partner.ScopeRoute)
	}
	return partner.Later(0, code, err.Error())
}

// tokenVerdict is why a token call brought no token; nil: it may have.
func tokenVerdict(reply outbound.Reply, err error) *partner.Outcome {
	o := failedQuestion(reply, nil, err)
	if o == nil {
		return nil
	}
	if o.Result == partner.ResultRefused {
		o.Scope = partner.ScopeRoute
		o.Reason = "no token for client_id and client_secret: " + strings.TrimPrefix(o.Reason, whose(reply.Status))
	}
	o.Code = "token_" + o.Code
	return o
}

const htmlPage = "an HTML page, no explanation"

// partnerWords are what an answer says in its {code, message}, for people.
func partnerWords(body []byte) string {
	text := strings.TrimSpace(string(body[:min(len(body), 16<<10)]))
	switch {
	case text == "":
		return "no explanation given"
	case text[0] == '<':
		return htmlPage
	case text[0] != '{':
		return partner.Words(printable(text))
	}
	var parts []string
	_ = json.Members(body, func(name string, v json.Value) error {
		var s string
		switch name {
		case "code", "message", "error", "error_description", "title", "detail":
			if v.Kind() == '"' && json.Unmarshal(v, &s) == nil && s != "" {
				parts = append(parts, s)
			}
		}
		return nil
	})
	if len(parts) == 0 {
		return "no explanation given"
	}
	return partner.Words(printable(strings.Join(parts, ": ")))
}

// printable is a stranger's text without control characters.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
