package idosell

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

const (
	// noticeLife is how long a notice waits to be confirmed.
	noticeLife = 30 * 24 * time.Hour
	// confirmTime bounds what follows right after a notice was answered.
	confirmTime = 30 * time.Second
	// mostNotice bounds a notice, in bytes.
	mostNotice = 1 << 20
)

// receiver takes the wholesaler's shipped notice. It answers 200 when the
// notice is stored. What it says is a hint: the wholesaler is asked before
// anything is believed.
type receiver struct{ route *route }

var _ http.Handler = (*receiver)(nil)

func (h *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case !h.route.opts.noticeToken.Is(strings.Trim(req.URL.Path, "/")):
		http.NotFound(w, req) // a wrong token is an address that does not exist
		return
	case req.Method != http.MethodPost && req.Method != http.MethodGet:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	var b partner.Body
	body, err := b.Read(w, req)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case len(body) > mostNotice:
		http.Error(w, "a notice of more than 1 MB", http.StatusRequestEntityTooLarge)
		return
	}
	n := readNotice(req.URL.Query(), body)
	if err := h.route.storeNotice(req.Context(), n); err != nil {
		h.route.log.Error("a notice could not be stored", "error", err)
		w.Header().Set("Retry-After", "10")
		http.Error(w, "not stored, send it again", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // the sender need not wait for what follows
	h.route.followUp(req.Context())
}

// followUp confirms what is stored, unless somebody is at it, who then does it.
// What fails is done by the next poll.
func (r *route) followUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmTime)
	defer cancel()
	r.unheard.Store(true)
	if err := r.confirm(ctx, false); err != nil {
		r.log.Warn("a notice is not confirmed yet", "error", err)
	}
}

// hint is what is kept of a notice, under the order it names.
type hint struct {
	By      string   `json:"by"` // the parameter of getOrdersStatus: "ordersIds"
	Value   string   `json:"value"`
	Parcels []string `json:"parcels,omitzero"`
}

// everyOrder is the hint of a notice that names no order: all are asked for.
const everyOrder = "every"

func (r *route) noticePrefix() string { return "notice/" + r.deps.Route + "/" }

func (r *route) noticeKey(h *hint) string {
	sum := sha256.Sum256([]byte(h.By + "\x00" + h.Value))
	return r.noticePrefix() + hex.EncodeToString(sum[:16])
}

// storeNotice keeps the hints of a notice, with those that wait already.
func (r *route) storeNotice(ctx context.Context, n notice) error {
	hints := n.hints()
	if len(hints) == 0 {
		hints = []hint{{By: everyOrder}}
	}
	for i := range hints {
		h := &hints[i]
		key := r.noticeKey(h)
		before, ok, err := r.deps.State.Get(ctx, key)
		if err != nil {
			return err
		}
		var old hint
		if ok && json.Unmarshal(before, &old) == nil {
			h.Parcels = union(old.Parcels, h.Parcels)
		}
		b, err := json.Marshal(h)
		if err != nil {
			return err
		}
		if err := r.deps.State.Put(ctx, key, b, noticeLife); err != nil {
			return err
		}
	}
	return nil
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) && len(a) < mostListed {
			a = append(a, s)
		}
	}
	return a
}

// confirm asks the wholesaler for the orders of all notices that wait, also
// those that come meanwhile. Somebody else may be at it: it waits for him, or
// leaves it to him.
func (r *route) confirm(ctx context.Context, wait bool) error {
	for {
		if busy := !r.take(ctx, wait); busy {
			return ctx.Err()
		}
		r.unheard.Store(false)
		err := r.confirmStored(ctx)
		<-r.hearing
		// Who stored a notice before this moment and found somebody here is
		// served now; who comes later finds nobody.
		if err != nil || !r.unheard.Load() {
			return err
		}
		wait = false
	}
}

func (r *route) take(ctx context.Context, wait bool) bool {
	if !wait {
		select {
		case r.hearing <- struct{}{}:
			return true
		default:
			return false
		}
	}
	select {
	case r.hearing <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// confirmStored asks for the orders of all notices that are kept, and drops
// those that were answered.
func (r *route) confirmStored(ctx context.Context) error {
	for after := ""; ; {
		keys, values, err := r.deps.State.List(ctx, r.noticePrefix(), after, mostListed)
		if err != nil || len(keys) == 0 {
			return err
		}
		waiting := map[string][]hint{}
		for _, b := range values {
			var h hint
			if json.Unmarshal(b, &h) == nil {
				waiting[h.By] = append(waiting[h.By], h)
			}
		}
		if err := r.confirmAll(ctx, waiting); err != nil {
			return err
		}
		for i, key := range keys {
			if err := r.dropNotice(ctx, key, values[i]); err != nil {
				return err
			}
		}
		after = keys[len(keys)-1]
	}
}

// dropNotice removes a notice unless another one came for the same order.
func (r *route) dropNotice(ctx context.Context, key string, value []byte) error {
	_, err := r.deps.State.Change(ctx, partner.Edit{Key: key, Old: value})
	return err
}

// confirmAll asks for the orders of hints, by the parameter that they name.
func (r *route) confirmAll(ctx context.Context, waiting map[string][]hint) error {
	if len(waiting[everyOrder]) > 0 {
		if err := r.followAll(ctx, true); err != nil {
			return err
		}
	}
	for by, hints := range waiting {
		if by == everyOrder {
			continue
		}
		if err := r.confirmBy(ctx, by, hints); err != nil {
			return err
		}
	}
	return nil
}

func (r *route) confirmBy(ctx context.Context, by string, hints []hint) error {
	ids := make([]soap.Value, len(hints))
	for i, h := range hints {
		ids[i] = soap.TextOf(h.Value)
		if by == bySerial {
			ids[i] = soap.NumberOf(h.Value)
		}
	}
	v, f, o := r.ask(ctx, opOrdersStatus, statusQuestion(by, ids...), false)
	switch {
	case f != nil && f.kind == failedFault && (f.code == codeEmpty || f.code == codeOrder):
		return nil // none of its orders: whoever sent this is not believed
	case o != nil && o.Result == partner.ResultRefused && o.Scope == partner.ScopeOrder:
		r.log.Warn("a notice can not be confirmed: the wholesaler refuses to be asked", "code", o.Code)
		return nil
	case o != nil:
		return fmt.Errorf("confirm notices: %s: %s", o.Code, o.Reason)
	}
	for _, item := range v.At("results").Items() {
		if err := r.confirmed(ctx, item, hints); err != nil {
			return err
		}
	}
	return nil
}

// confirmed takes what the wholesaler says of one order that a notice named.
// Orders that no delivery of this route placed are none of ours.
func (r *route) confirmed(ctx context.Context, item soap.Value, hints []hint) error {
	f, err := r.followedAs(ctx, item.At("orderId").Text())
	if err != nil || f == nil {
		return err
	}
	said := map[string]string{
		byID: item.At("orderId").Text(), bySerial: item.At("orderSerialNumber").Text(), byExternal: item.At("orderExternalId").Text(),
	}
	for _, h := range hints {
		if said[h.By] == h.Value {
			f.Hinted = union(f.Hinted, h.Parcels)
		}
	}
	return r.heard(ctx, f, item)
}
