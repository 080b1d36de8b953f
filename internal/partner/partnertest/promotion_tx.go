package partnertest

import "github.com/ordermux/ordermux/internal/promotion"

// LockPromotions implements promotion.Tx: the lock is held.
func (r *promotionRows) LockPromotions(string) (promotion.Head, error) { return r.head, nil }

// KeepHead implements promotion.Tx.
func (r *promotionRows) KeepHead(_ string, h promotion.Head) error { r.head = h; return nil }

// LockJob implements promotion.Tx.
func (r *promotionRows) LockJob(_ string, number, attempt int64) (*promotion.JobRow, error) {
	j, ok := r.jobs[number]
	if !ok || j.State != promotion.RowInProgress || j.Attempt != attempt {
		return nil, nil
	}
	return &j, nil
}

// KeepJob implements promotion.Tx.
func (r *promotionRows) KeepJob(_ string, j *promotion.JobRow) error {
	r.jobs[j.Number] = *j
	return nil
}

// KeepClean implements promotion.Tx.
func (r *promotionRows) KeepClean(_ string, job int64) error {
	j := r.jobs[job]
	j.Pieces = 0
	r.jobs[job] = j
	return nil
}

// KeepPieces implements promotion.Tx.
func (r *promotionRows) KeepPieces(_ string, job, from int64, pieces [][]byte) error {
	for i, b := range pieces {
		r.pieces[[2]int64{job, from + int64(i)}] = promotionPiece{body: b}
	}
	return nil
}

// KeepResult implements promotion.Tx.
func (r *promotionRows) KeepResult(_ string, job, piece int64, result []byte) error {
	p := r.pieces[[2]int64{job, piece}]
	p.result = result
	r.pieces[[2]int64{job, piece}] = p
	return nil
}

// KeepStores implements promotion.Tx.
func (r *promotionRows) KeepStores(_ string, layer int64, rows []promotion.StoreRow) error {
	for _, s := range rows {
		r.stores[[2]int64{layer, s.Bucket}] = s
	}
	return nil
}

// KeepSKUs implements promotion.Tx.
func (r *promotionRows) KeepSKUs(_ string, layer int64, s promotion.Span, rows []promotion.SKURow) error {
	for _, row := range rows {
		r.skus[[3]int64{row.Key, s.Start, layer}] = promotionSKUs{s, row, layer}
	}
	return nil
}

// KeepLayer implements promotion.Tx.
func (r *promotionRows) KeepLayer(_ string, layer, id, levels int64) error {
	r.layers[layer] = promotionLayer{id, levels}
	return nil
}

// KeepPromotion implements promotion.Tx.
func (r *promotionRows) KeepPromotion(_ string, p *promotion.PromotionRow) error {
	r.promotions[p.ID] = *p
	return nil
}

// DropPromotion implements promotion.Tx.
func (r *promotionRows) DropPromotion(_ string, id int64) error {
	delete(r.promotions, id)
	return nil
}

// AddChanges implements promotion.Tx.
func (r *promotionRows) AddChanges(_ string, rows []promotion.ChangeRow) error {
	r.changes = append(r.changes, rows...)
	return nil
}

// DropPieces implements promotion.Tx.
func (r *promotionRows) DropPieces(_ string, job int64, limit int) (int, error) {
	places := placesOf(r.pieces, job, 0)
	places = places[:min(limit, len(places))]
	for _, n := range places {
		delete(r.pieces, [2]int64{job, n})
	}
	return len(places), nil
}

// DropSKUs implements promotion.Tx.
func (r *promotionRows) DropSKUs(_ string, layer int64, limit int) (n int, err error) {
	for k := range r.skus {
		if k[2] == layer && n < limit {
			delete(r.skus, k)
			n++
		}
	}
	return n, nil
}

// DropStores implements promotion.Tx.
func (r *promotionRows) DropStores(_ string, layer int64, limit int) (int, error) {
	places := placesOf(r.stores, layer, 0)
	places = places[:min(limit, len(places))]
	for _, n := range places {
		delete(r.stores, [2]int64{layer, n})
	}
	return len(places), nil
}

// DropLayer implements promotion.Tx.
func (r *promotionRows) DropLayer(_ string, layer int64) error { delete(r.layers, layer); return nil }

// DropJob implements promotion.Tx.
func (r *promotionRows) DropJob(_ string, number int64) error { delete(r.jobs, number); return nil }

// DropChanges implements promotion.Tx.
func (r *promotionRows) DropChanges(_ string, before int64, limit int) (n int, err error) {
	for n < min(limit, len(r.changes)) && r.changes[n].At < before {
		n++
	}
	r.changes = r.changes[n:]
	return n, nil
}
