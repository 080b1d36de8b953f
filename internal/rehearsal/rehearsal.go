// Package rehearsal lets a door do all that it does for a call, and leaves
// nothing of it: what would be accepted is decided by the ledger, with its effects,
// in a transaction that is undone; what a door keeps beside orders stays in
// memory and is forgotten.
package rehearsal

import (
	"context"
	"sync"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/review"
)

// Rehearsal is one call that is rehearsed. Make one for each call.
type Rehearsal struct {
	real    partner.Deps
	prepare func(shop string, entries []order.Entry) []order.Entry

	mu     sync.Mutex
	events []order.Event
	kept   map[[2]string]kept // by shop and key
}

// kept is what a key of a State would hold.
type kept struct{ value []byte } // nil: deleted

// New begins a rehearsal of a door that is given deps. Prepare adds to entries
// what the hub adds before they are appended; nil: nothing.
func New(deps partner.Deps, prepare func(shop string, entries []order.Entry) []order.Entry) *Rehearsal {
	return &Rehearsal{real: deps, prepare: prepare, kept: map[[2]string]kept{}}
}

// Deps are what the door is given to rehearse with.
func (r *Rehearsal) Deps() partner.Deps {
	d := r.real
	d.Intake = intake{r}
	d.Orders = orders{r.real.Orders, r}
	d.People = people{r.real.People}
	d.State = state{r.real.State, r, ""}
	if at := r.real.At; at != nil {
		d.At = func(shop string) partner.State { return state{at(shop), r, shop} }
	}
	if r.real.Catalog != nil {
		d.Catalog = products{r.real.Catalog}
	}
	if r.real.Promotions != nil {
		d.Promotions = promotions{r.real.Promotions, r, map[string]promotion.Job{}}
	}
	if r.real.Reviews != nil {
		d.Reviews = r.real.Reviews.Over(func(shop string, now review.KV) review.KV {
			return state{kvState{now}, r, "reviews\x00" + shop}
		})
	}
	d.Note = func(context.Context, string, string, string) {}
	return d
}

// Events are those that the call would have made, in sequence. Their places in
// the log are those that they would have had; they have no hash.
func (r *Rehearsal) Events() []order.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]order.Event(nil), r.events...)
}

// of returns those of one order.
func (r *Rehearsal) of(shop, id string) (list []order.Event) {
	for _, e := range r.Events() {
		if e.Shop == shop && e.Subject == (order.Subject{Kind: order.SubjectOrder, ID: id}) {
			list = append(list, e)
		}
	}
	return list
}

// kvState is the book's state as a partner.State, without what the book does not
// ask for.
type kvState struct{ review.KV }

func (kvState) Change(context.Context, ...partner.Edit) (bool, error) { return false, order.ErrUndone }

func (kvState) Changing(...partner.Edit) order.Effect { return undo{} }

// people erases nobody.
type people struct{ partner.People }

func (people) Erase(context.Context, string, []string) error { return nil }
