package partnertest

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/ordermux/ordermux/internal/promotion"
)

// promotionRows are the rows of a shop's promotions. A transaction works on a
// clone, and replaces what stands in it, never writing into it.
type promotionRows struct {
	head       promotion.Head
	jobs       map[int64]promotion.JobRow
	pieces     map[[2]int64]promotionPiece // by job and number
	stores     map[[2]int64]promotion.StoreRow
	skus       map[[3]int64]promotionSKUs // by key, start and layer
	layers     map[int64]promotionLayer
	promotions map[int64]promotion.PromotionRow
	changes    []promotion.ChangeRow
}

type promotionPiece struct{ body, result []byte }

type promotionSKUs struct {
	promotion.Span
	promotion.SKURow
	layer int64
}

type promotionLayer struct{ promotion, levels int64 }

var _ promotion.Tx = (*promotionRows)(nil)

func newPromotionRows() *promotionRows {
	return &promotionRows{
		jobs: map[int64]promotion.JobRow{}, pieces: map[[2]int64]promotionPiece{}, stores: map[[2]int64]promotion.StoreRow{},
		skus: map[[3]int64]promotionSKUs{}, layers: map[int64]promotionLayer{}, promotions: map[int64]promotion.PromotionRow{},
	}
}

func (r *promotionRows) clone() *promotionRows {
	return &promotionRows{
		r.head, maps.Clone(r.jobs), maps.Clone(r.pieces), maps.Clone(r.stores), maps.Clone(r.skus), maps.Clone(r.layers),
		maps.Clone(r.promotions), slices.Clone(r.changes),
	}
}

func open(j *promotion.JobRow) bool {
	return j.State == promotion.RowQueued || j.State == promotion.RowInProgress
}

// firstJob returns the job with the lowest number that is one.
func (r *promotionRows) firstJob(is func(*promotion.JobRow) bool) *promotion.JobRow {
	for _, n := range slices.Sorted(maps.Keys(r.jobs)) {
		if j := r.jobs[n]; is(&j) {
			return &j
		}
	}
	return nil
}

// FindSame implements promotion.Lookup.
func (r *promotionRows) FindSame(_ string, digest []byte) (*promotion.JobRow, error) {
	return r.firstJob(func(j *promotion.JobRow) bool { return open(j) && bytes.Equal(j.Digest, digest) }), nil
}

// FirstOpen implements promotion.Lookup.
func (r *promotionRows) FirstOpen(string) (*promotion.JobRow, error) { return r.firstJob(open), nil }

// Jobs implements promotion.Lookup.
func (r *promotionRows) Jobs(_ string, numbers []int64) (list []promotion.JobRow, err error) {
	for _, n := range numbers {
		if j, ok := r.jobs[n]; ok {
			list = append(list, j)
		}
	}
	return list, nil
}

// Piece implements promotion.Lookup.
func (r *promotionRows) Piece(_ string, job, piece int64) ([]byte, error) {
	return r.pieces[[2]int64{job, piece}].body, nil
}

// placesOf returns the numbers behind n in keys, sorted.
func placesOf[V any](m map[[2]int64]V, n, from int64) (list []int64) {
	for k := range m {
		if k[0] == n && k[1] >= from {
			list = append(list, k[1])
		}
	}
	slices.Sort(list)
	return list
}

// Results implements promotion.Lookup.
func (r *promotionRows) Results(_ string, job int64) (list [][]byte, err error) {
	for _, n := range placesOf(r.pieces, job, 0) {
		if b := r.pieces[[2]int64{job, n}].result; b != nil {
			list = append(list, b)
		}
	}
	return list, nil
}

// StoreBlocks implements promotion.Lookup.
func (r *promotionRows) StoreBlocks(_ string, layer, from int64, limit int) (list []promotion.StoreRow, err error) {
	for _, n := range placesOf(r.stores, layer, from) {
		list = append(list, r.stores[[2]int64{layer, n}])
	}
	return list[:min(limit, len(list))], nil
}

// Layers implements promotion.Lookup.
func (r *promotionRows) Layers(_ string, id int64) (count int, newest int64, err error) {
	for layer, l := range r.layers {
		if l.promotion == id {
			count, newest = count+1, max(newest, layer)
		}
	}
	return count, newest, nil
}

// Candidates implements promotion.Lookup.
func (r *promotionRows) Candidates(_ string, q promotion.Candidacy, limit int) (list []promotion.Candidate, err error) {
	for n, place := range q.Places {
		var some []promotion.Candidate
		for _, row := range r.skus {
			before := cmp.Or(cmp.Compare(row.Start, place.Start), cmp.Compare(row.layer, place.Layer)) < 0
			if row.Key == place.Key && before && row.End > q.At && row.Stores&q.Store != 0 && row.SKUs&place.SKU != 0 {
				some = append(some, promotion.Candidate{Place: n, Start: row.Start, Layer: row.layer, Stores: row.Stores, SKUs: row.SKUs, Body: row.Body})
			}
		}
		slices.SortFunc(some, func(a, b promotion.Candidate) int {
			return cmp.Or(cmp.Compare(b.Start, a.Start), cmp.Compare(b.Layer, a.Layer))
		})
		list = append(list, some[:min(limit, len(some))]...)
	}
	return list, nil
}

// LayersOf implements promotion.Lookup.
func (r *promotionRows) LayersOf(_ string, layers []promotion.LayerAsk, hash int64) (list []promotion.LayerRow, err error) {
	for _, ask := range layers {
		l, ok := r.layers[ask.Layer]
		if !ok {
			continue
		}
		p := r.promotions[l.promotion]
		row := promotion.LayerRow{Layer: ask.Layer, Promotion: p.ID, State: p.State, Created: p.Created, Changed: p.Changed, Header: p.Body}
		if ask.Stores {
			row.Stores = r.stores[[2]int64{ask.Layer, hash & (l.levels - 1)}].Body
		}
		list = append(list, row)
	}
	return list, nil
}

// somePromotions returns those that are some, in sequence.
func (r *promotionRows) somePromotions(is func(*promotion.PromotionRow) bool, less func(a, b promotion.PromotionRow) int) (list []promotion.PromotionRow) {
	for _, p := range r.promotions {
		if is(&p) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, less)
	return list
}

func byDue(a, b promotion.PromotionRow) int {
	return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID))
}

func newestFirst(a, b promotion.PromotionRow) int { return cmp.Compare(b.ID, a.ID) }

// FindPromotion implements promotion.Lookup.
func (r *promotionRows) FindPromotion(_ string, print []byte) (*promotion.PromotionRow, error) {
	list := r.somePromotions(func(p *promotion.PromotionRow) bool { return bytes.Equal(p.Print, print) }, newestFirst)
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// Promotions implements promotion.Lookup.
func (r *promotionRows) Promotions(_ string, ids []int64) ([]promotion.PromotionRow, error) {
	return r.somePromotions(func(p *promotion.PromotionRow) bool { return slices.Contains(ids, p.ID) }, newestFirst), nil
}

// ListPromotions implements promotion.Lookup.
func (r *promotionRows) ListPromotions(_ string, before int64, limit int) ([]promotion.PromotionRow, error) {
	list := r.somePromotions(func(p *promotion.PromotionRow) bool { return p.ID < before }, newestFirst)
	return list[:min(limit, len(list))], nil
}

// FirstDue implements promotion.Lookup.
func (r *promotionRows) FirstDue(string) (at int64, ok bool, err error) {
	for _, p := range r.promotions {
		if !ok || p.Due < at {
			at, ok = p.Due, true
		}
	}
	return at, ok, nil
}

// Due implements promotion.Lookup.
func (r *promotionRows) Due(_ string, by int64, limit int) ([]promotion.PromotionRow, error) {
	list := r.somePromotions(func(p *promotion.PromotionRow) bool { return p.Due <= by }, byDue)
	return list[:min(limit, len(list))], nil
}

// Head implements promotion.Lookup.
func (r *promotionRows) Head(string) (promotion.Head, error) { return r.head, nil }

// Changes implements promotion.Lookup.
func (r *promotionRows) Changes(_ string, after int64, limit int) ([]promotion.ChangeRow, error) {
	list := slices.DeleteFunc(slices.Clone(r.changes), func(c promotion.ChangeRow) bool { return c.Version <= after })
	return list[:min(limit, len(list))], nil
}

// Left implements promotion.Lookup.
func (r *promotionRows) Left(_ string, limit int) (list []promotion.LeftRow, err error) {
	for _, n := range slices.Sorted(maps.Keys(r.jobs)) {
		if j := r.jobs[n]; j.Pieces > 0 && !open(&j) {
			_, counts := r.layers[n]
			list = append(list, promotion.LeftRow{Number: n, State: j.State, Updated: j.Updated, Layer: counts})
		}
	}
	return list[:min(limit, len(list))], nil
}

// OldJobs implements promotion.Lookup.
func (r *promotionRows) OldJobs(_ string, before int64, limit int) (list []int64, err error) {
	for _, n := range slices.Sorted(maps.Keys(r.jobs)) {
		if j := r.jobs[n]; j.State >= promotion.RowCompleted && j.Updated < before {
			list = append(list, n)
		}
	}
	return list[:min(limit, len(list))], nil
}
