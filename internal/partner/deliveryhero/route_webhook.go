package deliveryhero

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// listener takes the chain's webhook: events of orders, and ends of jobs. It
// answers 200 when what it was told is stored.
type listener struct{ route *route }

var _ http.Handler = (*listener)(nil)

func (h *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case strings.Trim(r.URL.Path, "/") != "":
		http.NotFound(w, r)
		return
	case !h.admits(r):
		http.Error(w, "the secret is wrong or missing", http.StatusUnauthorized)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	var b partner.Body
	body, err := b.Read(w, r)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, partner.ErrBodyTooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, err.Error(), status)
		return
	}
	if err := h.route.hear(r.Context(), body); err != nil {
		h.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// admits compares the secret in constant time. It comes as it was typed into
// the portal, behind the prefix if there is one.
func (h *listener) admits(r *http.Request) bool {
	o := &h.route.opts
	presented, ok := strings.CutPrefix(r.Header.Get(o.webhookHeader), o.webhookPrefix)
	if o.webhookPrefix != "" {
		presented = strings.TrimLeft(presented, " ")
	}
	return o.webhookSecret.Is(presented) && ok
}

func (h *listener) fail(w http.ResponseWriter, err error) {
	var bad *order.Invalid
	switch {
	case errors.As(err, &bad), errors.Is(err, errNoOrderID), errors.Is(err, errForeignChain):
		// Nobody else tells the shop what the platform was refused.
		h.route.deps.Log.Warn("what the webhook brought was refused", "error", wherePath(err))
		http.Error(w, err.Error(), http.StatusBadRequest)
	case errors.Is(err, order.ErrBusy), errors.Is(err, order.ErrReadOnly):
		w.Header().Set("Retry-After", "10")
		http.Error(w, "not stored, send it again", http.StatusServiceUnavailable)
	default:
		h.route.deps.Log.Error("an event of the webhook could not be stored", "error", err)
		http.Error(w, "not stored, send it again", http.StatusInternalServerError)
	}
}

// hear stores what one call of the webhook says. Bodies carry no name of what
// they are: those with an order_id are orders, those with a job_id alone ends of
// jobs. What is neither is about nothing that we keep. Errors: *order.Invalid,
// errNoOrderID and errForeignChain for what will never be taken.
func (r *route) hear(ctx context.Context, body []byte) error {
	var about struct {
		Order json.Value `json:"order_id"`
		Job   json.Value `json:"job_id"`
		Event json.Value `json:"event"`
	}
	if json.Unmarshal(body, &about) != nil {
		body = mended(body)
		if err := json.Unmarshal(body, &about); err != nil {
			return invalidOr(err)
		}
	}
	switch {
	case len(about.Order) == 0 && len(about.Job) > 0:
		return r.heard(ctx, body)
	case len(about.Order) == 0 && len(about.Event) > 0: // a promotion's life, which is ours to know
		return nil
	}
	w, err := readStrange(body)
	if err != nil {
		return invalidOr(err)
	}
	if err := r.check(w); err != nil {
		return err
	}
	if err := r.knowOutlet(ctx, w); err != nil {
		return err
	}
	entries, err := r.entries(w, "")
	if err != nil {
		return err
	}
	_, err = r.deps.Intake.Append(ctx, r.deps.Shop, entries)
	return err
}

// invalidOr makes a fault of the input an *order.Invalid.
func invalidOr(err error) error {
	if bad, ok := json.Invalid(err); ok {
		return bad
	}
	return err
}
