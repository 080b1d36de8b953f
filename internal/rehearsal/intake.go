package rehearsal

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// subjectRehearsal is the kind of the last entry of every call: it is always
// new, so that its effect is always asked, after all others.
const subjectRehearsal = "rehearsal"

// intake decides on calls as the ledger does, and undoes them.
type intake struct{ r *Rehearsal }

// Append implements partner.Intake. What the call would be refused for, it is
// refused for.
func (i intake) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	if i.r.prepare != nil {
		entries = i.r.prepare(shop, entries)
	}
	seen := make([]place, len(entries))
	call := make([]order.Entry, len(entries), len(entries)+1)
	var edits []*pending
	for n, e := range entries {
		effects := append([]order.Effect(nil), e.Effects...)
		for k, f := range effects {
			if p, ok := f.(*pendingEffect); ok {
				effects[k], edits = p.real, append(edits, p.pending)
			}
		}
		e.Effects = append(effects, &seen[n])
		if e.After > 0 {
			e.After = min(e.After, i.newestReal(ctx, shop, e))
		}
		call[n] = e
	}
	at := order.At(i.r.real.Now())
	_, err := i.r.real.Intake.Append(ctx, shop, append(call, order.Entry{
		Subject: order.Subject{Kind: subjectRehearsal, ID: rand.Text()}, Source: order.Source{Name: "rehearsal", Rank: order.RankOperator},
		Happening: &order.Happening{Kind: order.KindNote, At: at}, History: true, Effects: []order.Effect{undo{}},
	}))
	switch {
	case err == nil:
		return nil, errors.New("a rehearsal was kept")
	case !errors.Is(err, order.ErrUndone):
		return nil, err
	}
	for _, p := range edits {
		if !p.hold() {
			return nil, order.ErrChanged
		}
	}
	return i.r.took(ctx, shop, entries, seen)
}

// newestReal is the newest event of an entry's subject in the ledger; what this
// rehearsal added is not there.
func (i intake) newestReal(ctx context.Context, shop string, e order.Entry) int64 {
	newest, err := i.r.real.Orders.Newest(ctx, shop, []string{e.Subject.ID})
	if err != nil || newest[0] == 0 {
		return e.After
	}
	if len(i.r.of(shop, e.Subject.ID)) > 0 {
		return newest[0]
	}
	return e.After
}

// took remembers what became of entries, and makes the receipts.
func (r *Rehearsal) took(ctx context.Context, shop string, entries []order.Entry, seen []place) ([]order.Receipt, error) {
	receipts := make([]order.Receipt, len(entries))
	for n, e := range entries {
		receipt := order.Receipt{Subject: e.Subject, Seq: seen[n].seq, At: seen[n].at, Known: seen[n].seq == 0, Kind: kindOf(e)}
		if e.Subject.Kind == order.SubjectOrder {
			known, err := orders{r.real.Orders, r}.Newest(ctx, shop, []string{e.Subject.ID})
			if err != nil {
				return nil, err
			}
			if receipt.Known {
				receipt.Seq = known[0]
			}
			if known[0] != 0 && receipt.Kind == order.KindPlaced {
				receipt.Kind = order.KindUpdated
			}
		}
		if !receipt.Known {
			r.add(shop, e, &receipt)
		}
		receipts[n] = receipt
	}
	return receipts, nil
}

func kindOf(e order.Entry) order.Kind {
	if e.Happening != nil {
		return e.Happening.Kind
	}
	return order.KindPlaced
}

func (r *Rehearsal) add(shop string, e order.Entry, receipt *order.Receipt) {
	event := order.Event{
		Shop: shop, Seq: receipt.Seq, Order: receipt.Seq, At: receipt.At, Subject: e.Subject, Kind: receipt.Kind, Source: e.Source,
		Origin: e.Origin, History: e.History, Happening: e.Happening,
	}
	if e.Statement != nil {
		event.Statement = &e.Statement.Order
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
}

// place is where an entry would stand in the log; it is set if the entry is new.
type place struct {
	seq int64
	at  time.Time
}

var _ order.Numbered = (*place)(nil)

// Of implements order.Numbered.
func (p *place) Of(seq int64, at time.Time) order.Effect {
	p.seq, p.at = seq, at
	return p
}

// Apply implements order.Effect.
func (p *place) Apply(context.Context, any) error { return nil }

// undo is the effect that refuses the call.
type undo struct{}

// Apply implements order.Effect.
func (undo) Apply(context.Context, any) error { return order.ErrUndone }
