package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// How much PutOffers does in one transaction: a few milliseconds.
const (
	offersRead    = 1000 // codes that are looked up
	offersWritten = 500
)

// Sessions opens transactions of a store.
type Sessions struct {
	Look   func(ctx context.Context, f func(Lookup) error) error
	Change func(ctx context.Context, f func(Tx) error) error // f may run again
	Now    func() time.Time
}

// PutOffers is Store.PutOffers. Products are looked up before, in transactions
// that only read, so that writers are kept waiting for little: an offer of a
// product that is removed meanwhile is one that nobody sees.
func PutOffers(ctx context.Context, s Sessions, shop string, edits []OfferEdit) (put OffersPut, err error) {
	if err := checkEdits(edits); err != nil {
		return put, err
	}
	found, err := findEdited(ctx, s, shop, edits)
	if err != nil {
		return put, fmt.Errorf("look up products: %w", err)
	}
	list := make([]edited, 0, len(edits))
	for i := range edits {
		e := &edits[i]
		f := found[named{e.Type, e.Code}]
		if f.reason == "" && f.store != "" && f.store != e.Store {
			f.reason = Unknown
		}
		if f.reason != "" {
			put.Refused = append(put.Refused, OfferRefused{i, f.reason})
			continue
		}
		list = append(list, edited{e.Store, f.code, i})
	}
	put.Repeated = inSequence(list)
	for some := range slices.Chunk(list, offersWritten) {
		n := 0
		err := s.Change(ctx, func(tx Tx) (err error) {
			n, err = putSome(tx, shop, s.Now(), edits, some)
			return err
		})
		if err != nil {
			return put, err
		}
		put.Changed += n
	}
	return put, nil
}

// edited is an edit of a product that was found.
type edited struct {
	store string
	code  string
	place int // among the edits
}

// inSequence sorts edits by store and product, so that a transaction touches few
// places of the store's tables, and returns those whose offer has an earlier one.
func inSequence(list []edited) (repeated []OfferRepeated) {
	slices.SortFunc(list, func(a, b edited) int {
		return cmp.Or(strings.Compare(a.store, b.store), strings.Compare(a.code, b.code), cmp.Compare(a.place, b.place))
	})
	first := 0
	for i := 1; i < len(list); i++ {
		if list[i].store == list[first].store && list[i].code == list[first].code {
			repeated = append(repeated, OfferRepeated{list[i].place, list[first].place})
		} else {
			first = i
		}
	}
	slices.SortFunc(repeated, func(a, b OfferRepeated) int { return cmp.Compare(a.Place, b.Place) })
	return repeated
}

// putSome writes edits, sorted, in one transaction.
func putSome(tx Tx, shop string, now time.Time, edits []OfferEdit, list []edited) (int, error) {
	version, err := tx.LockCatalog(shop)
	if err != nil {
		return 0, fmt.Errorf("lock: %w", err)
	}
	old, err := tx.FindOffers(shop, shelves(list))
	if err != nil {
		return 0, fmt.Errorf("look up offers: %w", err)
	}
	had := make(map[outletCode]*OfferRow, len(old))
	for i := range old {
		had[outletCode{old[i].Store, old[i].Code}] = &old[i]
	}
	var rows []OfferRow
	var outlets []string
	for len(list) > 0 {
		key := outletCode{list[0].store, list[0].code}
		before := had[key]
		row := OfferRow{Store: key.store, Code: key.code}
		if before != nil {
			row = *before
		}
		for ; len(list) > 0 && list[0].store == key.store && list[0].code == key.code; list = list[1:] {
			row = row.with(&edits[list[0].place])
		}
		if before == nil {
			before = &OfferRow{}
			if n := len(outlets); n == 0 || outlets[n-1] != key.store {
				outlets = append(outlets, key.store)
			}
		}
		if !row.same(before) {
			version++
			row.Version, row.At = version, now.UnixMicro()
			rows = append(rows, row)
		}
	}
	return len(rows), keepOffers(tx, shop, outlets, rows)
}

type outletCode struct{ store, code string }

func keepOffers(tx Tx, shop string, outlets []string, rows []OfferRow) error {
	if len(rows) == 0 {
		return nil
	}
	if err := keepOutlets(tx, shop, outlets); err != nil {
		return err
	}
	if err := tx.KeepOffers(shop, rows); err != nil {
		return fmt.Errorf("keep offers: %w", err)
	}
	return nil
}

func keepOutlets(tx Tx, shop string, outlets []string) error {
	if len(outlets) == 0 {
		return nil
	}
	if err := tx.KeepOutlets(shop, outlets); err != nil {
		return fmt.Errorf("keep outlets: %w", err)
	}
	return nil
}

// shelves are sorted edits by their outlets.
func shelves(list []edited) (all []Shelf) {
	for i := range list {
		e := &list[i]
		if n := len(all); n == 0 || all[n-1].Store != e.store {
			all = append(all, Shelf{Store: e.store})
		}
		s := &all[len(all)-1]
		if n := len(s.Codes); n == 0 || s.Codes[n-1] != e.code {
			s.Codes = append(s.Codes, e.code)
		}
	}
	return all
}
