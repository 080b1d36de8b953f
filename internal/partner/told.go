package partner

import (
	"errors"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/outbound"
)

// Told is what a callback's post came to: any 2xx is a success, and whatever
// else is a trouble of that receiver alone. Who is the receiver, for people:
// "the shop".
func Told(who string, reply outbound.Reply, err error) Outcome {
	switch {
	case err != nil:
		return unheard(err).Of(ScopeReceiver)
	case reply.Status/100 == 2:
		return Delivered("")
	}
	status := strconv.Itoa(reply.Status)
	return Later(reply.RetryAfter, "http_"+status, who+" answered "+status).Of(ScopeReceiver)
}

// unheard maps a call without a complete answer.
func unheard(err error) Outcome {
	var e *outbound.Error
	if !errors.As(err, &e) {
		return Unknown("no_answer", err.Error())
	}
	code := "no_answer_" + strings.ReplaceAll(e.Op, " ", "_")
	switch {
	case e.Timeout():
		code = "timeout"
	case e.Op == outbound.OpTooBig && e.Status/100 == 2:
		return Delivered("") // what else it says does not matter
	case e.Op == outbound.OpRequest, e.Op == outbound.OpGuard:
		return Refused(code, e.Error())
	}
	if e.Left {
		return Unknown(code, e.Error())
	}
	return Later(0, code, e.Error())
}
