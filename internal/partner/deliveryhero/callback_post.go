package deliveryhero

import (
	"context"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// hookTimeout is how long a receiver may take; source: two readers of the
// vendor's pages, seen 2026.
const hookTimeout = 10 * time.Second

// post sends a body to an address of a chain's receiver, with its secret as it
// stands, and says what became of it.
func (c *callback) post(ctx context.Context, h *hook, url string, body []byte) partner.Outcome {
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set(h.Header, h.Prefix+h.Secret.Reveal())
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	reply, err := c.deps.HTTP.Do(ctx, outbound.Request{Method: http.MethodPost, URL: url, Header: header, Body: body})
	return partner.Told("the receiver", reply, err)
}
