package catalog

import (
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Lookup is a store's open transaction, as far as it reads catalogues. Lists
// are looked up by one statement each.
type Lookup interface {
	// FindProducts returns the rows of codes, deleted ones too.
	FindProducts(shop string, codes []string) ([]Row, error)
	// FindByKeys returns what has each key: at most two for one.
	FindByKeys(shop string, keys []Key) ([]Match, error)
	// Held returns what is reserved of products by keys other than one, and
	// not over at a moment.
	Held(shop, except string, codes []string, now int64) ([]Hold, error)
	// ProductsVersion returns the version of the product that changed last.
	ProductsVersion(shop string) (int64, error)
	// ChangedProducts returns rows with versions after one, by version, deleted
	// ones too.
	ChangedProducts(shop string, after int64, limit int) ([]Row, error)
	// FindOffers returns what outlets say of products, in any sequence. No
	// outlet is asked for twice.
	FindOffers(shop string, list []Shelf) ([]OfferRow, error)
}

// Tx is an open writing transaction.
type Tx interface {
	Lookup
	// LockCatalog lets nobody else write to the shop's catalogue until the
	// transaction ends, and returns its counter.
	LockCatalog(shop string) (version int64, err error)
	// KeepProducts writes rows, and the counter as of the last of them.
	KeepProducts(shop string, rows []Row) error
	// KeepOffers writes rows, each once, and the counter as of the last of them.
	KeepOffers(shop string, rows []OfferRow) error
	// KeepOutlets remembers outlets, new ones and others.
	KeepOutlets(shop string, stores []string) error
	// ChangeCodes changes what products are found by.
	ChangeCodes(shop string, gone, added []Entry) error
	// KeepHolds reserves for a key until a moment, and forgets what was
	// reserved of the same products and was over by now: so what is over and
	// still kept is never more than what was in force at one time.
	KeepHolds(shop, key string, holds []Hold, until, now int64) error
	// DropHolds removes what is reserved for a key.
	DropHolds(shop, key string) error
	// Taken returns what KeepTaken kept for an order; nil: nothing. It is called
	// in transactions that append to the shop's log only.
	Taken(shop, order string) ([]byte, error)
	// KeepTaken keeps, in place of what was there, what an order has of our
	// stock; nil: nothing any more.
	KeepTaken(shop, order string, taken []byte) error
}

// Row is a product as the stores' tables hold it. Times are microseconds.
type Row struct {
	Code    string
	Version int64
	At      int64
	Deleted bool
	Stock   []byte // JSON: []Stock
	Body    []byte // JSON: the Product without Stock and what the store adds
}

// Match is a row that has the key of a place in FindByKeys' list.
type Match struct {
	Place int
	Row
}

// Shelf is some products of an outlet.
type Shelf struct {
	Store string
	Codes []string // of products
}

// Hold is a quantity of a product that is reserved.
type Hold struct {
	Code     string
	Quantity string
}

// Entry is a key of a product.
type Entry struct {
	Key
	Code string
}

// encode makes a row; version and time are the caller's.
func encode(p *Product) (Row, error) {
	stock, err := json.Marshal(p.Stock)
	if err != nil {
		return Row{}, fmt.Errorf("encode stock: %w", err)
	}
	plain := *p
	plain.Stock, plain.Version, plain.Updated, plain.Deleted = nil, 0, time.Time{}, false
	body, err := json.Marshal(&plain)
	if err != nil {
		return Row{}, fmt.Errorf("encode product: %w", err)
	}
	return Row{Code: p.Code, Deleted: p.Deleted, Stock: stock, Body: body}, nil
}

// Product reads a row.
func (r *Row) Product() (*Product, error) {
	p := &Product{}
	if err := json.Unmarshal(r.Body, p); err != nil {
		return nil, fmt.Errorf("product: %w", err)
	}
	if err := json.Unmarshal(r.Stock, &p.Stock); err != nil {
		return nil, fmt.Errorf("stock of a product: %w", err)
	}
	p.Version, p.Updated, p.Deleted = r.Version, time.UnixMicro(r.At).UTC(), r.Deleted
	return p, nil
}

// heldOf adds up what is reserved, by product.
func heldOf(holds []Hold) (map[string]order.Decimal, error) {
	sums := map[string]order.Decimal{}
	for _, h := range holds {
		n, err := order.ParseDecimal(h.Quantity)
		if err != nil {
			return nil, fmt.Errorf("reserved quantity: %w", err)
		}
		sums[h.Code] = sums[h.Code].Add(n)
	}
	return sums, nil
}

// Products reads rows.
func Products(rows []Row) ([]Product, error) {
	list := make([]Product, len(rows))
	for i := range rows {
		p, err := rows[i].Product()
		if err != nil {
			return nil, err
		}
		list[i] = *p
	}
	return list, nil
}
