package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ordermux/ordermux/internal/order"
)

// Eraser is the source of what Erase appends.
const Eraser = "hub:erase"

// erasure is what an erasing call does beside appending its event.
type erasure struct {
	newest int64 // of the row it was prepared for
	prints map[int64]Print
	number int64
}

// errStale means that the order went on while its erasing was prepared.
var errStale = errors.New("the order changed meanwhile")

// Erase removes the personal part of an order everywhere in the store:
// personal parts, salts and fingerprints, and what the other parts of the
// store keep of it (deliveries' evidence, files). It appends an event of kind
// erased and marks the order, whose later statements lose their personal part
// before anything is compared or stored. The chain still verifies. Erasing
// again is harmless. Errors: order.ErrNotFound; those of Append.
//
// When it returns, the erased texts stand nowhere in the data folder: the
// store's log is emptied, and copies made before a migration are removed. In a
// database they stand in no row, nor in an old version of one. Backups kept
// elsewhere, and a database server's own log, are the operator's.
func (l *Ledger) Erase(ctx context.Context, shop, id string) error {
	if err := l.erase(ctx, shop, id, math.MaxInt64); err != nil {
		return err
	}
	return l.Erased(ctx)
}

// EraseQuiet is Erase for many orders, one after the other, that have no event
// behind a seq; one that has: ErrNeeded. What the store's files still hold of them
// goes with the next Erased, or Erase of any order.
func (l *Ledger) EraseQuiet(ctx context.Context, shop, id string, quiet int64) error {
	return l.erase(ctx, shop, id, quiet)
}

func (l *Ledger) erase(ctx context.Context, shop, id string, quiet int64) error {
	for range 10 {
		err := l.eraseOnce(ctx, shop, id, quiet)
		if !errors.Is(err, errStale) {
			return err
		}
	}
	return order.ErrBusy
}

// Erased makes sure that nothing of what was erased is left in the store's files.
func (l *Ledger) Erased(ctx context.Context) error {
	if err := l.store.Erased(ctx); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}

func (l *Ledger) eraseOnce(ctx context.Context, shop, id string, quiet int64) error {
	c, err := l.prepareErase(ctx, shop, id)
	if err == nil && c.erase.newest > quiet {
		err = ErrNeeded
	}
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	if l.ring != nil {
		c.publish = func(c *Call) {
			l.ring.forget(shop, c.erase.number)
			l.ring.push(c)
		}
	}
	if err := l.store.Append(ctx, c); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	l.appended(c)
	// Also when nothing new was appended: an earlier erase may have been cut
	// off before this.
	l.ring.forget(shop, c.erase.number)
	return nil
}

// prepareErase reads what identifies the order's happenings and makes what
// will identify them when their personal parts are gone.
func (l *Ledger) prepareErase(ctx context.Context, shop, id string) (*Call, error) {
	key, err := l.key(ctx, shop)
	if err != nil {
		return nil, err
	}
	p := newPreparer(key)
	entry := order.Entry{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: id},
		Source:    order.Source{Name: Eraser, Rank: order.RankOperator},
		Happening: &order.Happening{Kind: order.KindErased},
	}
	c, err := p.call(shop, []order.Entry{entry})
	if err != nil {
		return nil, err
	}
	c.erase = &erasure{}
	if l.opts.Now != nil {
		c.at = l.opts.Now().UnixMicro()
	}
	return c, l.store.Read(ctx, shop, func(r Reader) error {
		return c.erase.read(r, p, c.keys[0])
	})
}

func (e *erasure) read(r Reader, p *preparer, key Key) error {
	rows, err := r.RowsByKey([]Key{key})
	if err != nil {
		return err
	}
	if rows[0] == nil {
		return order.ErrNotFound
	}
	e.number, e.newest, e.prints = rows[0].Number, rows[0].Newest, map[int64]Print{}
	old, err := r.Happenings(e.number)
	if err != nil {
		return err
	}
	for seq := range old {
		stored, err := r.Events([]int64{seq})
		if err != nil {
			return err
		}
		if stored[0] == nil {
			return fmt.Errorf("event %d is missing", seq)
		}
		if e.prints[seq], err = p.printAgain(stored[0]); err != nil {
			return err
		}
	}
	return nil
}

// printAgain is what identifies a stored happening without its personal part.
func (p *preparer) printAgain(s *Stored) (Print, error) {
	h, err := readHeader(s.Header)
	if err != nil {
		return Print{}, err
	}
	said, err := s.Happening()
	if err != nil {
		return Print{}, err
	}
	if said.Ref != "" {
		return p.refPrint(h.source.Name, said), nil
	}
	return p.publicPrint(h.source.Name, h.kind, s.Body), nil
}

// stripped is the entry as an erased order takes it.
func (c *Call) stripped(t *prepared) *prepared {
	p := newPreparer(c.key)
	s := *t
	s.personal = nil
	if s.statement != nil {
		public, _ := s.statement.Split()
		s.statement = &public
		s.print = p.print("canonical", s.body, nil)
		return &s
	}
	public, _ := s.happening.Split()
	s.happening = &public
	if public.Ref == "" {
		s.print = p.publicPrint(s.entry.Source.Name, public.Kind, s.body)
	}
	return &s
}

func (d *decision) decideErase() error {
	row := d.slot.row
	if row == nil {
		return order.ErrNotFound
	}
	if row.Newest != d.call.erase.newest {
		return errStale
	}
	if row.Flags&FlagErased != 0 {
		return d.known(row.Newest)
	}
	h := d.header(order.KindErased)
	h.happening = true
	next := d.nextRow(&h)
	next.Flags |= FlagErased
	for i := range next.Layers {
		next.Layers[i].Print, next.Layers[i].Personal = Print{}, 0
	}
	return d.append(&h, next)
}

// Erasing returns the number of the order whose personal parts the store has
// to overwrite in the transaction of the call, and the new prints of its
// happenings by seq; false: the call is an ordinary one.
func (c *Call) Erasing() (number int64, id string, prints map[int64]Print, ok bool) {
	if c.erase == nil {
		return 0, "", nil, false
	}
	return c.erase.number, c.keys[0].ID, c.erase.prints, true
}
