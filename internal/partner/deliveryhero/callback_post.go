package deliveryhero

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// hookTimeout is how long a receiver may take; source: two readers of the
// vendor's pages, seen 2026.
const hookTimeout = 10 * time.Second

// post sends a body to an address of a chain's receiver, with its secret as it
// stands.
func (c *callback) post(ctx context.Context, h *hook, url string, body []byte) (outbound.Reply, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set(h.Header, h.Prefix+h.Secret.Reveal())
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	return c.deps.HTTP.Do(ctx, outbound.Request{Method: http.MethodPost, URL: url, Header: header, Body: body})
}

// taken is what a receiver's answer means for what it was told: any 2xx is a
// success (inferred), and whatever else is a trouble of that receiver alone.
func taken(reply outbound.Reply, err error) partner.Outcome {
	switch {
	case err != nil:
		return unheard(err).Of(partner.ScopeReceiver)
	case reply.Status/100 == 2:
		return partner.Delivered("")
	}
	status := strconv.Itoa(reply.Status)
	return partner.Later(reply.RetryAfter, "http_"+status, "the receiver answered "+status).Of(partner.ScopeReceiver)
}

// unheard maps a call without a complete answer.
func unheard(err error) partner.Outcome {
	var e *outbound.Error
	if !errors.As(err, &e) {
		return partner.Unknown("no_answer", err.Error())
	}
	code := "no_answer_" + strings.ReplaceAll(e.Op, " ", "_")
	switch {
	case e.Timeout():
		code = "timeout"
	case e.Op == outbound.OpTooBig && e.Status/100 == 2:
		return partner.Delivered("") // what else it says does not matter
	case e.Op == outbound.OpRequest, e.Op == outbound.OpGuard:
		return partner.Refused(code, e.Error())
	}
	if e.Left {
		return partner.Unknown(code, e.Error())
	}
	return partner.Later(0, code, e.Error())
}
