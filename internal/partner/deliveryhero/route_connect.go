package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// connect logs in where the route has a login, and leaves nothing there.
func (r *route) connect(ctx context.Context) (string, error) {
	var found []string
	var faults []error
	ask := func(f func(context.Context) (string, error)) {
		text, err := f(ctx)
		if err != nil {
			faults = append(faults, err)
		} else {
			found = append(found, text)
		}
	}
	if r.opts.hasLogin() {
		ask(r.connectAPI)
	}
	if r.files != nil {
		ask(r.connectFiles)
	}
	return strings.Join(found, "; "), errors.Join(faults...)
}

// nobody is an order that no platform has.
const nobody = "00000000-0000-4000-8000-000000000000"

// connectAPI asks for an order of each outlet, or for one that nobody has where
// none is named.
func (r *route) connectAPI(ctx context.Context) (string, error) {
	if len(r.vendors) == 0 {
		reply, o, err := r.call(ctx, http.MethodGet, r.orderPath(nobody), nil)
		if o == nil && err == nil && isUnknownThing(reply) {
			return "chain " + r.chain + ", no outlet is named in vendors", nil
		}
		if o := failedQuestion(reply, o, err); o != nil {
			return "", failure(o)
		}
		return "chain " + r.chain, nil
	}
	for _, v := range r.vendors {
		now := r.now()
		query := url.Values{"start_time": {listTime(now.Add(-time.Hour))}, "end_time": {listTime(now)}, "page": {"1"}, "page_size": {"1"}}
		if o := failedQuestion(r.call(ctx, http.MethodGet, r.listPath(v.Vendor)+"?"+query.Encode(), nil)); o != nil {
			return "", fmt.Errorf("outlet %s: %w", v.Vendor, failure(o))
		}
	}
	return fmt.Sprintf("chain %s, %d outlets", r.chain, len(r.vendors)), nil
}
