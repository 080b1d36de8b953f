package catalog

import (
	"bytes"
	"context"
	"slices"
)

// named is how an edit names its product.
type named struct {
	kind CodeType
	code string
}

// place is the product that a name was found to mean.
type place struct {
	code   string
	store  string // the only outlet that sells it; "": all
	reason Reason // why there is none
}

// findEdited looks up the products that edits name.
func findEdited(ctx context.Context, s Sessions, shop string, edits []OfferEdit) (map[named]place, error) {
	found := map[named]place{}
	var all []named
	for i := range edits {
		n := named{edits[i].Type, edits[i].Code}
		if _, ok := found[n]; !ok {
			found[n] = place{reason: Unknown}
			all = append(all, n)
		}
	}
	for some := range slices.Chunk(all, offersRead) {
		var rows []*Row
		var reasons []Reason
		err := s.Look(ctx, func(l Lookup) (err error) {
			rows, reasons, err = findNamed(l, shop, some)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			p := place{reason: reasons[i]}
			if row != nil {
				if p.store, err = row.outlet(); err != nil {
					return nil, err
				}
				p.code = row.Code
			}
			found[some[i]] = p
		}
	}
	return found, nil
}

// outlet is the only outlet that sells a row's product; "": all. Most products
// are of all, which is seen without reading them.
func (r *Row) outlet() (string, error) {
	if !bytes.Contains(r.Body, []byte(`"store":`)) {
		return "", nil
	}
	p, err := r.Product()
	if err != nil {
		return "", err
	}
	return p.Store, nil
}

// findNamed returns the row that each name means, or why it means none. Names
// are looked up by the first of their keys, all in one look, those that are
// nobody's by the next one: most are found by the first.
func findNamed(l Lookup, shop string, names []named) ([]*Row, []Reason, error) {
	rows, reasons := make([]*Row, len(names)), make([]Reason, len(names))
	open := make([]int, len(names))
	for i := range names {
		open[i] = i
	}
	for round := 0; len(open) > 0; round++ {
		var r looking
		for _, at := range open {
			keys := keysFor(names[at].kind, names[at].code)
			if round >= len(keys) {
				reasons[at] = Unknown
				continue
			}
			r.add(at, keys[round])
		}
		found, err := r.look(l, shop)
		if err != nil {
			return nil, nil, err
		}
		open = open[:0]
		for i, at := range r.at {
			switch len(found[i]) {
			case 0:
				open = append(open, at)
			case 1:
				rows[at] = found[i][0]
			default:
				reasons[at] = Ambiguous
			}
		}
	}
	return rows, reasons, nil
}

// looking is a look for what has some keys. The shop's own codes are found
// without a detour.
type looking struct {
	at    []int // whose each key is
	codes []string
	coded []int // the places of codes in at
	keys  []Key
	keyed []int // the places of keys in at
}

func (r *looking) add(at int, k Key) {
	if k.Kind == kindCode {
		r.codes, r.coded = append(r.codes, k.Value), append(r.coded, len(r.at))
	} else {
		r.keys, r.keyed = append(r.keys, k), append(r.keyed, len(r.at))
	}
	r.at = append(r.at, at)
}

// look returns what has each key.
func (r *looking) look(l Lookup, shop string) ([][]*Row, error) {
	found := make([][]*Row, len(r.at))
	if len(r.codes) > 0 {
		rows, err := l.FindProducts(shop, r.codes)
		if err != nil {
			return nil, err
		}
		byCode := make(map[string]*Row, len(rows))
		for i := range rows {
			if !rows[i].Deleted {
				byCode[rows[i].Code] = &rows[i]
			}
		}
		for i, at := range r.coded {
			if row := byCode[r.codes[i]]; row != nil {
				found[at] = []*Row{row}
			}
		}
	}
	if len(r.keys) > 0 {
		matches, err := l.FindByKeys(shop, r.keys)
		if err != nil {
			return nil, err
		}
		for i := range matches {
			at := r.keyed[matches[i].Place]
			found[at] = append(found[at], &matches[i].Row)
		}
	}
	return found, nil
}
