package promotion

import (
	"context"
	"fmt"
	"slices"
)

// finish ends the job: the layer counts, the promotion is made or changed, and
// both are told, in one transaction.
func (r *running) finish(ctx context.Context) error {
	lists, err := r.lists(ctx)
	if err != nil {
		return err
	}
	before := r.tally
	err = r.book.store.Change(ctx, func(tx Tx) error {
		head, err := tx.LockPromotions(r.shop)
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		row, err := tx.LockJob(r.shop, r.row.Number, r.row.Attempt)
		if err != nil {
			return fmt.Errorf("lock job: %w", err)
		}
		if row == nil {
			return ErrTaken
		}
		r.row, r.tally = *row, before
		r.tally.MissingSKUs, r.tally.InvalidSKUs = lists.Missing, lists.Invalid
		return r.settle(tx, head)
	})
	if err != nil {
		return fmt.Errorf("finish: %w", err)
	}
	return nil
}

// lists puts the lists of the pieces together.
func (r *running) lists(ctx context.Context) (all pieceResult, err error) {
	var parts [][]byte
	err = r.book.store.Look(ctx, func(l Lookup) (err error) {
		parts, err = l.Results(r.shop, r.row.Number)
		return err
	})
	if err != nil {
		return all, fmt.Errorf("read results: %w", err)
	}
	for _, b := range parts {
		p, err := decode[pieceResult](b)
		if err != nil {
			return all, fmt.Errorf("result of a piece: %w", err)
		}
		all.Missing, all.Invalid = merge(all.Missing, p.Missing), merge(all.Invalid, p.Invalid)
	}
	for _, lists := range []map[string][]string{all.Missing, all.Invalid} {
		for _, skus := range lists {
			slices.Sort(skus)
		}
	}
	return all, nil
}

func merge(to, from map[string][]string) map[string][]string {
	if to == nil {
		return from
	}
	for store, skus := range from {
		to[store] = append(to[store], skus...)
	}
	return to
}

// settle decides what becomes of the promotion.
func (r *running) settle(tx Tx, head Head) error {
	p, err := tx.FindPromotion(r.shop, r.body.Print)
	if err != nil {
		return fmt.Errorf("find promotion: %w", err)
	}
	w := &writing{tx: tx, shop: r.shop, head: head, now: r.book.store.Now().UnixMicro()}
	switch {
	case p == nil && (r.body.Inactive || !r.body.Adds):
		err = r.endIn(w, RowFailed, "no promotion has this name, these stores, this start and this end")
	case r.body.Inactive:
		err = r.deactivate(w, p)
	case p == nil && r.tally.Accepted == 0:
		err = r.endIn(w, RowCompleted, "")
	case p == nil:
		err = r.make(w)
	default:
		err = r.change(w, p)
	}
	if err != nil {
		return err
	}
	return w.close()
}

func (r *running) deactivate(w *writing, p *PromotionRow) error {
	r.tally.Promotion = p.ID
	if p.State == RowPlanned || p.State == RowRunning {
		r.tally.Changed = true
		p.State, p.Changed, p.Due = RowDeactivated, w.now, p.End+keptContent.Microseconds()
		w.tell(WasDeactivated, p.ID, r.row.Number)
		if err := w.keep(p); err != nil {
			return err
		}
	}
	return r.endIn(w, RowCompleted, "")
}

// make makes the promotion, whose number is the job's.
func (r *running) make(w *writing) error {
	s := r.span()
	p := &PromotionRow{
		ID: r.row.Number, Print: r.body.Print, State: RowPlanned, Start: s.Start, End: s.End, Due: s.Start, Created: w.now,
	}
	w.tell(WasCreated, p.ID, r.row.Number)
	return r.lay(w, p)
}

// change lays the job's layer on a promotion, unless it says what the newest
// layer says.
func (r *running) change(w *writing, p *PromotionRow) error {
	old, err := decode[promotionBody](p.Body)
	if err != nil {
		return fmt.Errorf("promotion: %w", err)
	}
	same := sameContent(old.Content, r.tally.Content)
	if same && p.State != RowDeactivated && equalJSON(old.Header, r.body.Header) {
		r.tally.Promotion = p.ID
		return r.endIn(w, RowCompleted, "")
	}
	layers, _, err := w.tx.Layers(r.shop, p.ID)
	if err != nil {
		return fmt.Errorf("layers: %w", err)
	}
	if layers >= MostLayers {
		return r.endIn(w, RowFailed, fmt.Sprintf("the promotion was changed %d times; begin a new one", layers))
	}
	if p.State == RowDeactivated {
		p.State, p.Due = RowPlanned, p.Start
		if p.End <= w.now {
			p.State, p.Due = RowEnded, p.End+keptContent.Microseconds()
		}
	}
	w.tell(WasChanged, p.ID, r.row.Number)
	return r.lay(w, p)
}

// lay puts the layer on the promotion and ends the job.
func (r *running) lay(w *writing, p *PromotionRow) error {
	if err := w.tx.KeepLayer(r.shop, r.row.Number, p.ID, r.body.Levels); err != nil {
		return fmt.Errorf("keep layer: %w", err)
	}
	body, err := encode(&promotionBody{
		Header: r.body.Header, Every: r.body.Every, Stores: r.body.Stores, Layer: r.row.Number, Content: r.tally.Content,
	})
	if err != nil {
		return err
	}
	p.Body, p.Changed = body, w.now
	w.moveOn(p)
	if err := w.keep(p); err != nil {
		return err
	}
	r.tally.Promotion, r.tally.Changed = p.ID, true
	return r.endIn(w, RowCompleted, "")
}

// endIn writes the end of the job.
func (r *running) endIn(w *writing, state int64, reason string) error {
	r.tally.Reason = reason
	result, err := encode(&r.tally)
	if err != nil {
		return err
	}
	r.row.State, r.row.Updated, r.row.Until, r.row.Result = state, w.now, 0, result
	w.tell(JobOver, r.tally.Promotion, r.row.Number)
	if err := w.tx.KeepJob(r.shop, &r.row); err != nil {
		return fmt.Errorf("keep job: %w", err)
	}
	return nil
}

// fail ends a job that can not be run.
func (r *running) fail(ctx context.Context, reason string) error {
	return r.book.store.Change(ctx, func(tx Tx) error {
		if _, err := tx.LockPromotions(r.shop); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		row, err := tx.LockJob(r.shop, r.row.Number, r.row.Attempt)
		if err != nil {
			return fmt.Errorf("lock job: %w", err)
		}
		if row == nil {
			return ErrTaken
		}
		r.row = *row
		return r.end(tx, RowFailed, reason)
	})
}

// end ends the job in a transaction that locked the promotions.
func (r *running) end(tx Tx, state int64, reason string) error {
	head, err := tx.Head(r.shop)
	if err != nil {
		return fmt.Errorf("counters: %w", err)
	}
	w := &writing{tx: tx, shop: r.shop, head: head, now: r.book.store.Now().UnixMicro()}
	if err := r.endIn(w, state, reason); err != nil {
		return err
	}
	return w.close()
}
