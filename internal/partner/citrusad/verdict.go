package citrusad

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// verdict is the outcome of every order of a batch that was answered with no
// success. The default table of outbound holds, without exceptions: in
// particular a 500, 502 or 504 may come after the order was stored, so the
// partner is asked first.
func verdict(reply outbound.Reply, batch int) partner.Outcome {
	code, words := statusCode(reply.Status), partnerWords(reply.Body)
	switch outbound.Verdict(reply.Status) {
	case outbound.Later:
		return partner.Later(reply.RetryAfter, code, words)
	case outbound.Login:
		return partner.Refused(code, loginReason(reply.Status)+words).Of(partner.ScopeRoute)
	case outbound.Refused:
		o := partner.Refused(code, words)
		if batch > 1 { // the answer does not say which order is bad
			return o.Of(partner.ScopeBatch)
		}
		return o
	}
	return partner.Unknown(code, words)
}

// lookVerdict is the outcome of a question that was answered with no success.
// Nothing that happens to a question says anything about the order.
func lookVerdict(reply outbound.Reply) partner.Outcome {
	o := partner.Later(reply.RetryAfter, statusCode(reply.Status), partnerWords(reply.Body))
	if outbound.Verdict(reply.Status) == outbound.Login {
		o.Reason = loginReason(reply.Status) + o.Reason
		return o.Of(partner.ScopeRoute)
	}
	return o
}

// loginReason tells a person where to look.
func loginReason(status int) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "the partner refuses the api_key: "
	case status/100 == 3:
		return "base_url answers with a redirect: "
	}
	return "base_url does not seem to be the address of the API: "
}

// unanswered is the outcome of every order of a batch without a complete
// answer.
func unanswered(err error) partner.Outcome {
	var e *outbound.Error
	if errors.As(err, &e) && !e.Left {
		o := partner.Later(0, callCode(err), err.Error())
		if e.Op == outbound.OpRequest { // the address or the key can not even be sent
			return partner.Refused(callCode(err), err.Error()).Of(partner.ScopeRoute)
		}
		return o
	}
	return partner.Unknown(callCode(err), err.Error())
}

// callCode is the machine's word for a call without a complete answer.
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

func statusCode(status int) string { return "http_" + strconv.Itoa(status) }

// messageOf reads the message out of a JSON error body: {"message"} of
// /v1/orders, {"error":{"message"}} of third-o. Other bodies are their own
// message.
func messageOf(text string) string {
	if !json.Valid([]byte(text)) {
		return text
	}
	c := json.NewCursor(string(json.AppendCompact(nil, []byte(text))))
	for c.Open(); c.More(); {
		name, kind := c.Name(), c.Kind()
		switch {
		case name == "message" && kind == '"', name == "error" && kind == '"':
			return c.Text()
		case name == "error" && kind == '{':
			return messageOf(c.Raw())
		default:
			c.Raw()
		}
	}
	return text
}
