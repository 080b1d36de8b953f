package promotion

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/ordermux/ordermux/internal/json"
)

// Put keeps a request as a job and returns it: queued, or a duplicate where a
// job of an equal request waits or runs. wire is the request as it came, or a
// digest of it, which tells equal ones; nil: it is told by what it says. Nothing of the request is
// looked up but how many stores the shop has. Errors: *order.Invalid.
func (b *Book) Put(ctx context.Context, shop string, r *Request, wire []byte) (Job, error) {
	stores := 0
	if slices.Contains(r.Stores, Every) {
		list, err := b.goods.Stores(ctx, shop)
		if err != nil {
			return Job{}, fmt.Errorf("put promotion: stores: %w", err)
		}
		stores = len(list)
	}
	if bad := r.Validate(stores); bad != nil {
		return Job{}, bad
	}
	p, err := newPutting(b, shop, r, stores, wire)
	if err == nil {
		err = p.run(ctx)
	}
	if err != nil {
		return Job{}, fmt.Errorf("put promotion: %w", err)
	}
	return p.row.job()
}

// putting is a request on its way into the store.
type putting struct {
	book   *Book
	shop   string
	row    JobRow
	pieces [][]byte
	stores []StoreRow
}

func newPutting(b *Book, shop string, r *Request, stores int, wire []byte) (*putting, error) {
	p := &putting{book: b, shop: shop}
	body := jobBody{Header: r.Header, Inactive: r.Inactive, Stores: stores, Named: r.Named, Foreign: r.Foreign}
	var list []string
	if body.Every = r.Stores[0] == Every; !body.Every {
		list = slices.Compact(slices.Sorted(slices.Values(r.Stores)))
		body.Stores, body.Levels = len(list), levels(len(list))
	}
	entries := sortEntries(r.Discounts)
	body.SKUs = len(entries)
	body.Adds = slices.ContainsFunc(r.Discounts, func(d Discount) bool { return !d.Remove })
	body.Print = identity(&r.Header, body.Every, list)
	if !r.Inactive {
		p.pieces, p.stores = cutPieces(entries, r.Discounts), storeRows(list)
	}
	encoded, err := encode(&body)
	if err != nil {
		return nil, err
	}
	digest, err := digestOf(r, wire)
	if err != nil {
		return nil, err
	}
	p.row = JobRow{Digest: digest, Body: encoded, Pieces: int64(len(p.pieces))}
	return p, nil
}

func digestOf(r *Request, wire []byte) ([]byte, error) {
	h := sha256.New()
	if wire != nil {
		h.Write(wire)
	} else if err := json.MarshalWrite(h, r); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return h.Sum(nil), nil
}

// identity is the digest of what a promotion is known by: names, stores, which
// are sorted, start and end.
func identity(h *Header, every bool, stores []string) []byte {
	d := sha256.New()
	text := func(s string) { d.Write(appendText(nil, s)) }
	text(h.Name)
	for _, language := range sortedKeys(h.Names) {
		text(language)
		text(h.Names[language])
	}
	fmt.Fprintf(d, "\n%d %d %t\n", h.Start.Time().UnixMicro(), h.End.Time().UnixMicro(), every)
	for _, s := range stores {
		text(s)
	}
	return d.Sum(nil)
}

// NewID is a UUID (version 8) of the job's number, 48 bits of it, and a random
// rest: it is found by the number, and nobody can guess it.
func NewID(number int64) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(number))
	copy(b[:6], n[2:])
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// numberOf is the number that an id holds; false: it is no id of ours.
func numberOf(id string) (number int64, ok bool) {
	if len(id) != 36 || id[8] != '-' {
		return 0, false
	}
	number, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	return number, err == nil
}

// bytesAtOnce is how much of a request one transaction writes, about.
const bytesAtOnce = 256 << 10

// run writes the request. One of a single transaction is written by the one
// that queues it.
func (p *putting) run(ctx context.Context) error {
	size := 0
	for i := range p.pieces {
		size += len(p.pieces[i])
	}
	for i := range p.stores {
		size += len(p.stores[i].Body)
	}
	small := size <= bytesAtOnce && len(p.stores) <= MostRows
	if !small {
		if err := p.receive(ctx); err != nil {
			return err
		}
	}
	return p.book.store.Change(ctx, func(tx Tx) error { return p.queue(tx, small) })
}

// errTooSlow is the error of a request whose parts were removed before it was
// whole.
var errTooSlow = errors.New("the request was not written in time")

// queue makes the job one that waits to be run, or a duplicate.
func (p *putting) queue(tx Tx, whole bool) error {
	head, err := tx.LockPromotions(p.shop)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	row := &p.row
	if whole {
		head.Number++
		row.Number, row.ID = head.Number, NewID(head.Number)
	}
	same, err := tx.FindSame(p.shop, row.Digest)
	if err != nil {
		return fmt.Errorf("look up equal requests: %w", err)
	}
	if !whole {
		if known, err := tx.Jobs(p.shop, []int64{row.Number}); err != nil || len(known) == 0 {
			return errors.Join(err, errTooSlow)
		}
	}
	now := p.book.store.Now().UnixMicro()
	row.State, row.Of, row.Created, row.Updated = RowQueued, "", now, now
	switch {
	case same != nil:
		row.State, row.Of = RowDuplicate, same.ID
		if whole {
			row.Pieces = 0
		}
		head.Version++
		change := ChangeRow{Version: head.Version, At: now, Kind: string(JobOver), Job: row.Number}
		if err := tx.AddChanges(p.shop, []ChangeRow{change}); err != nil {
			return fmt.Errorf("add changes: %w", err)
		}
	case whole:
		row.Pieces = int64(len(p.pieces))
		if err := p.keepContent(tx); err != nil {
			return err
		}
	}
	if err := tx.KeepHead(p.shop, head); err != nil {
		return fmt.Errorf("keep counters: %w", err)
	}
	if err := tx.KeepJob(p.shop, row); err != nil {
		return fmt.Errorf("keep job: %w", err)
	}
	return nil
}

func (p *putting) keepContent(tx Tx) error {
	if err := tx.KeepPieces(p.shop, p.row.Number, 0, p.pieces); err != nil {
		return fmt.Errorf("keep pieces: %w", err)
	}
	if err := tx.KeepStores(p.shop, p.row.Number, p.stores); err != nil {
		return fmt.Errorf("keep stores: %w", err)
	}
	return nil
}

// receive writes a large request before it is queued, some of it at a time.
func (p *putting) receive(ctx context.Context) error {
	err := p.book.store.Change(ctx, func(tx Tx) error {
		head, err := tx.LockPromotions(p.shop)
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		head.Number++
		p.row.Number, p.row.ID, p.row.State = head.Number, NewID(head.Number), RowReceiving
		p.row.Created = p.book.store.Now().UnixMicro()
		p.row.Updated = p.row.Created
		if err := tx.KeepHead(p.shop, head); err != nil {
			return fmt.Errorf("keep counters: %w", err)
		}
		return tx.KeepJob(p.shop, &p.row)
	})
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	number := p.row.Number
	for from := 0; from < len(p.pieces); {
		to, size := from, 0
		for ; to < len(p.pieces) && (to == from || size+len(p.pieces[to]) <= bytesAtOnce); to++ {
			size += len(p.pieces[to])
		}
		err := p.book.store.Change(ctx, func(tx Tx) error {
			return tx.KeepPieces(p.shop, number, int64(from), p.pieces[from:to])
		})
		if err != nil {
			return fmt.Errorf("keep pieces: %w", err)
		}
		from = to
	}
	for some := range slices.Chunk(p.stores, storeRowsAtOnce) {
		err := p.book.store.Change(ctx, func(tx Tx) error { return tx.KeepStores(p.shop, number, some) })
		if err != nil {
			return fmt.Errorf("keep stores: %w", err)
		}
	}
	return nil
}

// storeRowsAtOnce is how many rows of stores one transaction writes.
const storeRowsAtOnce = 100

// storeRows are the rows of stores, which are sorted; a store's number is its
// place.
func storeRows(stores []string) (rows []StoreRow) {
	n := levels(len(stores))
	type row struct {
		stores  []string
		numbers []int
	}
	by := make([]row, n)
	for i, s := range stores {
		r := &by[storeKey(hash(s), n)]
		r.stores, r.numbers = append(r.stores, s), append(r.numbers, i)
	}
	for bucket, r := range by {
		if len(r.stores) > 0 {
			rows = append(rows, StoreRow{int64(bucket), appendStores(nil, r.stores, r.numbers)})
		}
	}
	return rows
}

func sameContent(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
