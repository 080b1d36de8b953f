package promotion

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// pieceResult is what came of a piece: the lists of a Result.
type pieceResult struct {
	Missing map[string][]string `json:"missing,omitzero"`
	Invalid map[string][]string `json:"invalid,omitzero"`
}

// piece checks the next piece of the request and keeps its rows, its result and
// the progress in one transaction.
func (r *running) piece(ctx context.Context) error {
	number := r.row.Done
	var body []byte
	err := r.book.store.Look(ctx, func(l Lookup) (err error) {
		body, err = l.Piece(r.shop, r.row.Number, number)
		return err
	})
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	piece, err := readBlock(body)
	if err != nil {
		return err
	}
	c := newChecking(r, piece)
	if err := c.check(ctx); err != nil {
		return err
	}
	rows := rowsOf(piece, c.sets())
	after := c.tally
	after.Content = chain(after.Content, rows)
	grown, err := encode(&after)
	if err != nil {
		return err
	}
	result, err := encode(&c.result)
	if err != nil {
		return err
	}
	span, began := r.span(), time.Now()
	err = r.step(ctx, func(tx Tx, row *JobRow) error {
		row.Done, row.Crashes, row.Result = number+1, 0, grown
		if err := tx.KeepSKUs(r.shop, r.row.Number, span, rows); err != nil {
			return fmt.Errorf("keep rows: %w", err)
		}
		if len(c.result.Missing)+len(c.result.Invalid) == 0 {
			return nil
		}
		if err := tx.KeepResult(r.shop, r.row.Number, number, result); err != nil {
			return fmt.Errorf("keep result: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.tally = after
	return r.book.rest(ctx, time.Since(began))
}

// chain continues the digest of a layer by rows.
func chain(digest []byte, rows []SKURow) []byte {
	h := sha256.New()
	h.Write(digest)
	for i := range rows {
		h.Write(rows[i].Body)
	}
	return h.Sum(nil)
}

// checking asks the catalogue about a piece.
type checking struct {
	*running
	piece  *block
	skus   []string // those that are not taken out
	at     []int    // their places in the piece
	words  int      // of the bits of each
	bits   []uint64 // of each SKU, which stores refused it
	tally  tally
	result pieceResult
}

func newChecking(r *running, piece *block) *checking {
	c := &checking{running: r, piece: piece, tally: r.tally, words: (len(r.stores) + 63) / 64}
	for i := range piece.entries {
		if e := &piece.entries[i]; !piece.terms[e.terms].Remove {
			c.skus, c.at = append(c.skus, e.sku), append(c.at, i)
		}
	}
	c.bits = make([]uint64, len(c.skus)*c.words)
	return c
}

// check asks store by store. The time that it takes is that of the catalogue,
// so the job is kept meanwhile.
func (c *checking) check(ctx context.Context) error {
	if len(c.skus) == 0 {
		return nil
	}
	for n, store := range c.stores {
		if !c.valid[n] {
			for i := range c.skus {
				c.refuse(i, n)
			}
			continue
		}
		if err := c.renew(ctx); err != nil {
			return fmt.Errorf("keep the job: %w", err)
		}
		began := time.Now()
		offers, err := c.book.goods.Offers(ctx, c.shop, store, c.skus)
		if err != nil {
			return fmt.Errorf("offers of a store: %w", err)
		}
		if len(offers) != len(c.skus) {
			return fmt.Errorf("offers of a store: %d for %d SKUs", len(offers), len(c.skus))
		}
		for i := range offers {
			c.judge(i, n, store, &offers[i])
		}
		if err := c.book.rest(ctx, time.Since(began)); err != nil {
			return err
		}
	}
	return nil
}

func (c *checking) refuse(sku, store int) { c.bits[sku*c.words+store/64] |= 1 << (store % 64) }

// judge decides about one pair.
func (c *checking) judge(i, n int, store string, o *Offer) {
	terms := &c.piece.terms[c.piece.entries[c.at[i]].terms].Terms
	switch _, lower := terms.Final(o.Price); {
	case !o.Known, !o.Active:
		c.refuse(i, n)
		list(&c.result.Missing, &c.tally.Missing, store, c.skus[i])
	case !lower:
		c.refuse(i, n)
		list(&c.result.Invalid, &c.tally.Invalid, store, c.skus[i])
	default:
		c.tally.Accepted++
	}
}

// list counts a pair, and lists it while there is room.
func list(to *map[string][]string, count *int64, store, sku string) {
	if *count++; *count > MostListed {
		return
	}
	if *to == nil {
		*to = map[string][]string{}
	}
	(*to)[store] = append((*to)[store], sku)
}

// sets are the stores that refused each entry of the piece.
func (c *checking) sets() [][]byte {
	sets := make([][]byte, len(c.piece.entries))
	for i, at := range c.at {
		sets[at] = encodeSet(c.bits[i*c.words:(i+1)*c.words], len(c.stores))
	}
	return sets
}
