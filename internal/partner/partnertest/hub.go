package partnertest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/shipping"
)

// The one shop of a Hub.
const (
	Shop     = "nordlys"
	Currency = "SEK"
	Timezone = "Europe/Stockholm"
)

// Hub is a hub in memory with one shop: just enough of ledger, credentials,
// state and files for a partner's sides to run against, with the meaning that
// the contract gives them. Safe for concurrent use.
type Hub struct {
	mu      sync.Mutex
	orders  map[string]*stored
	seq     int64
	entries []order.Entry
	log     []order.Event
	fail    error

	grants map[[2]string]partner.Grant // kind, value
	named  []partner.Grant             // in the sequence in which they were added
	state  map[string]stateValue
	files  map[string]*File
	// Settings are what the shop is configured to invite with; set them before
	// use.
	Settings review.Settings
	// Reviews are the shop's, newest first; set them before use.
	Reviews []review.Review
	// Couriers are the shop's own; set them before use.
	Couriers []shipping.Courier
	// Live says how much somebody else could send of a line, false: there was
	// no answer. Nil: there never is one. Set it before use.
	Live    func(catalog.Line) (order.Decimal, bool)
	shelf   *shelf
	door    partner.Settings // of the whole door
	noted   []Noted
	keep    map[string]func(string) string // by field, see partner.Field.Keep
	revoked map[string]bool                // credentials whose tokens are over

	promotionsLock sync.Mutex // not mu: what runs under it asks the catalogue
	promotionRows  *promotionRows

	now func() time.Time
}

// Noted is what a side told of a call by Deps.Note.
type Noted struct{ Gate, Method, Fault string }

// NewHub makes a hub. now may be nil.
func NewHub(now func() time.Time) *Hub {
	if now == nil {
		now = time.Now
	}
	return &Hub{
		orders: map[string]*stored{}, grants: map[[2]string]partner.Grant{},
		shelf: newShelf(), state: map[string]stateValue{}, files: map[string]*File{}, revoked: map[string]bool{},
		keep: map[string]func(string) string{}, now: now, promotionRows: newPromotionRows(),
	}
}

// Deps is what a side of the partner is given.
func (h *Hub) Deps(p partner.Partner) partner.Deps {
	return partner.Deps{
		Partner: p.Name, Shop: Shop, Route: "out", Source: order.Source{Name: "route:out", Rank: order.RankRoute},
		Intake: h, Orders: h, People: people{h}, Credentials: h, Access: access{h}, State: state{h, "side/"}, Files: files{h},
		At:      func(shop string) partner.State { return state{h, "at/" + shop + "/"} },
		Catalog: h.Catalog(), Promotions: h.Promotions(), Stock: hubStock{h}, Settings: h.door, Note: h.note,
		Couriers: func(shop string) []shipping.Courier {
			if shop != Shop {
				return nil
			}
			return h.Couriers
		},
		Seal: sealer(), Reviews: h.Book(),
		HTTP: outbound.New(outbound.Options{Timeout: 10 * time.Second}),
		Log:  slog.New(slog.DiscardHandler), Now: h.now, PublicURL: "https://hub.example",
	}
}

// Fail makes every later Append fail with err; nil mends it.
func (h *Hub) Fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail = err
}

// Entries returns what was accepted, in sequence, known ones left out.
func (h *Hub) Entries() []order.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.entries)
}

// Append accepts entries as partner.Intake says.
func (h *Hub) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return nil, h.fail
	}
	if shop != Shop {
		return nil, errors.New("append to an unknown shop")
	}
	for _, e := range entries {
		if err := h.refuse(e); err != nil {
			return nil, err
		}
	}
	return h.commit(ctx, catalog.Settling(h.now, Shop, entries))
}

// commit accepts entries and applies the effects of the new ones; if one
// fails, nothing of the call stays.
func (h *Hub) commit(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
	undo := h.before(entries)
	receipts := make([]order.Receipt, len(entries))
	for i, e := range entries {
		receipts[i] = h.accept(e)
		if receipts[i].Known {
			continue
		}
		for _, effect := range e.Effects {
			if n, ok := effect.(order.Numbered); ok {
				effect = n.Of(receipts[i].Seq, receipts[i].At)
			}
			if err := effect.Apply(ctx, transaction{h}); err != nil {
				undo()
				return nil, err
			}
		}
	}
	return receipts, nil
}

// before returns what puts the hub back to where it stands now.
func (h *Hub) before(entries []order.Entry) (undo func()) {
	seq, accepted, logged, state, shelf := h.seq, len(h.entries), len(h.log), maps.Clone(h.state), h.shelf.clone()
	orders := map[string]*stored{}
	for _, e := range entries {
		orders[e.Subject.ID] = h.orders[e.Subject.ID].clone()
	}
	return func() {
		h.seq, h.entries, h.log, h.state, h.shelf = seq, h.entries[:accepted], h.log[:logged], state, shelf
		for id, o := range orders {
			if h.orders[id] = o; o == nil {
				delete(h.orders, id)
			}
		}
	}
}

// transaction is what effects get: the hub, locked.
type transaction struct{ h *Hub }

// Catalog is the transaction as catalogues are written in.
func (t transaction) Catalog() catalog.Tx { return t.h.shelf }

func (h *Hub) note(_ context.Context, gate, method, fault string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.noted = append(h.noted, Noted{gate, method, fault})
}

// Noted returns what was told of calls, in sequence.
func (h *Hub) Noted() []Noted {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.noted)
}

func (h *Hub) refuse(e order.Entry) error {
	if e.Subject.ID == "" || (e.Statement == nil) == (e.Happening == nil) || e.Source.Name == "" {
		return errors.New("entry without id, source, or with not exactly one of statement and happening")
	}
	if e.Statement != nil {
		if invalid := order.Validate(&e.Statement.Order); invalid != nil {
			return invalid
		}
	} else if invalid := order.ValidateHappening(e.Happening); invalid != nil {
		return invalid
	}
	if e.After != 0 && h.orders[e.Subject.ID].newest() != e.After {
		return order.ErrChanged
	}
	if o := h.orders[e.Subject.ID]; o != nil && e.RefuseUpdate && e.Statement != nil {
		if l := o.layer(e.Source); l != nil && l.Statement != nil && len(order.Diff(l.Statement, &e.Statement.Order)) > 0 {
			return order.ErrConflict
		}
	}
	return nil
}

// Book returns the shop's invitations and reviews, kept in the hub's state.
func (h *Hub) Book() *review.Book {
	return review.New(review.Options{
		KV: func(string) review.KV { return state{h, "reviews/"} }, Key: testKey, Store: reviews{h},
		Shops: func(shop string) (review.Shop, bool) {
			return review.Shop{Name: "Nordlys", Location: time.UTC, Settings: h.Settings}, shop == Shop
		},
		PublicURL: func() string { return "https://hub.example" },
		Append:    h.Append, Merged: h.Merged, Now: h.now, Log: slog.New(slog.DiscardHandler),
	})
}
