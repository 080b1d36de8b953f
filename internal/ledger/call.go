package ledger

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Call is one Append, prepared outside of the writing transaction: validated,
// split, encoded and fingerprinted. A store runs it by Batch.Decide.
type Call struct {
	Shop    string
	key     []byte // the shop's
	entries []prepared
	keys    []Key
	effects bool
	erase   *erasure
	size    int
	at      int64 // accepted_at in microseconds; 0: the store's clock

	// What Decide found, anew each time.
	results []result
	news    int // events to be stored
	items   []Item
	head    int64
	// publish hands the items of a committed call on, in the log's sequence.
	publish func(*Call)
}

// prepared is one entry, ready to be decided on.
type prepared struct {
	entry     *order.Entry
	statement *order.Order     // as readers get it; or
	happening *order.Happening // as readers get it
	body      []byte           // canonical, public
	personal  []byte           // canonical; nil: none
	salt      []byte
	digest    Hash  // of personal
	print     Print // of a statement: its fingerprint; of a happening: what identifies it
	version   int64
}

// result is what became of an entry.
type result struct {
	seq     int64
	at      int64
	hash    Hash
	kind    order.Kind
	known   bool // hash, at and kind are still to be read
	changed []string
}

// Len returns the number of entries.
func (c *Call) Len() int { return len(c.entries) }

// Size returns about how many bytes the call will store.
func (c *Call) Size() int { return c.size }

// Alone reports whether the call wants a transaction of its own.
func (c *Call) Alone() bool { return c.erase != nil }

// Plain reports whether the call is nothing but statements without effects:
// if all its subjects are new, Decide asks the Lookup for the head alone.
func (c *Call) Plain() bool {
	return !c.effects && !slices.ContainsFunc(c.entries, func(t prepared) bool { return t.statement == nil })
}

// Keys are the subjects of the entries, in their sequence.
func (c *Call) Keys() []Key { return c.keys }

// Effects returns the effects of the entries that Decide found new, in
// sequence; nil mostly. What is known had its effects already.
func (c *Call) Effects() []order.Effect {
	if !c.effects {
		return nil
	}
	var all []order.Effect
	for i := range c.entries {
		r := &c.results[i]
		if r.known {
			continue
		}
		for _, e := range c.entries[i].entry.Effects {
			if n, ok := e.(order.Numbered); ok {
				e = n.Of(r.seq, time.UnixMicro(r.at).UTC())
			}
			all = append(all, e)
		}
	}
	return all
}

// Committed is called by the store after the commit of a call that Decide
// accepted, once, in the sequence of the shop's log.
func (c *Call) Committed() {
	if c.publish != nil && len(c.items) > 0 {
		c.publish(c)
	}
}

// preparer turns entries into a Call.
type preparer struct {
	key   []byte
	mac   hash.Hash
	sum   []byte
	arena []byte // bodies and personal parts, one after the other
	room  []byte
	// The parts being encoded; here, so that they need no memory of their own.
	public   order.Order
	personal order.Personal
}

func newPreparer(key []byte) *preparer {
	return &preparer{key: key, mac: hmac.New(sha256.New, key), sum: make([]byte, 0, sha256.Size)}
}

// saltSize is the length of a personal part's salt.
const saltSize = 16

// call prepares entries, which are valid. The order values are copied as far
// as their first level, so that nothing keeps the caller's Wire alive.
func (p *preparer) call(shop string, entries []order.Entry) (*Call, error) {
	c := &Call{
		Shop: shop, key: p.key,
		entries: make([]prepared, len(entries)), keys: make([]Key, len(entries)),
	}
	p.arena = make([]byte, 0, 512*len(entries))
	salts := make([]byte, saltSize*len(entries))
	rand.Read(salts)
	for i := range entries {
		e, t := &entries[i], &c.entries[i]
		t.entry = e
		t.salt = salts[i*saltSize : (i+1)*saltSize]
		c.keys[i] = p.lookup(e.Subject.Kind, e.Subject.ID)
		c.effects = c.effects || len(e.Effects) > 0
		var err error
		if e.Statement != nil {
			err = p.statement(t, e.Statement)
		} else {
			err = p.happening(t, e)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d: encode: %w", i, err)
		}
		c.size += len(t.body) + len(t.personal) + 256
	}
	p.arena, p.public, p.personal = nil, order.Order{}, order.Personal{}
	return c, nil
}

// lookup makes a subject's key. Its hash is keyed, so that nobody outside can
// make subjects that collide.
func (p *preparer) lookup(kind, id string) Key {
	p.room = append(p.room[:0], p.key...)
	p.room = append(p.room, kind...)
	p.room = append(p.room, 0)
	p.room = append(p.room, id...)
	sum := sha256.Sum256(p.room)
	return Key{Kind: kind, ID: id, Hash: int64(binary.BigEndian.Uint64(sum[:8]))}
}

func (p *preparer) statement(t *prepared, s *order.Statement) (err error) {
	whole := s.Order
	t.statement = &whole
	p.public, p.personal = s.Order.Split()
	if t.body, err = p.encode(&p.public); err != nil {
		return err
	}
	if err = p.setPersonal(t, &p.personal); err != nil {
		return err
	}
	if !s.Version.IsZero() {
		t.version = s.Version.UnixMicro()
	}
	if s.Wire != nil {
		t.print = p.print("wire", s.Wire, nil)
	} else {
		t.print = p.print("canonical", t.body, t.personal)
	}
	return nil
}

func (p *preparer) happening(t *prepared, e *order.Entry) (err error) {
	whole := *e.Happening
	whole.Wire = nil
	t.happening = &whole
	public, personal := whole.Split()
	if t.body, err = p.encode(&public); err != nil {
		return err
	}
	if err = p.setPersonal(t, &personal); err != nil {
		return err
	}
	said := e.Source.Name + "\x00" + string(whole.Kind) + "\x00"
	switch {
	case whole.Ref != "":
		t.print = p.refPrint(e.Source.Name, &whole)
	case e.Happening.Wire != nil:
		t.print = p.print(said+"wire", e.Happening.Wire, nil)
	default:
		t.print = p.print(said+"canonical", t.body, t.personal)
	}
	return nil
}

// refPrint is what identifies a happening by its source's own reference.
func (p *preparer) refPrint(source string, h *order.Happening) Print {
	return p.print(source+"\x00"+string(h.Kind)+"\x00ref", []byte(h.Ref), nil)
}

// publicPrint is what identifies a happening of an erased order: nothing of
// its personal part.
func (p *preparer) publicPrint(source string, kind order.Kind, body []byte) Print {
	return p.print(source+"\x00"+string(kind)+"\x00public", body, nil)
}

func (p *preparer) setPersonal(t *prepared, personal *order.Personal) (err error) {
	if personal.IsZero() {
		return nil
	}
	if t.personal, err = p.encode(personal); err != nil {
		return err
	}
	t.digest, p.room = digest1(p.room, t.salt, t.personal)
	return nil
}

// encode appends to the arena. A grown arena leaves what was encoded before
// in the old one, which lives as long as the call.
func (p *preparer) encode(v any) ([]byte, error) {
	if cap(p.arena)-len(p.arena) < 256 {
		p.arena = make([]byte, 0, max(4096, cap(p.arena)))
	}
	from := len(p.arena)
	b, err := json.MarshalAppend(p.arena, v)
	if err != nil {
		return nil, err
	}
	p.arena = b
	return b[from:len(b):len(b)], nil
}

// print is a keyed digest of what was said; what tells kinds of it apart.
func (p *preparer) print(what string, a, b []byte) Print {
	p.room = append(p.room[:0], what...)
	p.room = binary.BigEndian.AppendUint64(append(p.room, 0), uint64(len(a)))
	p.mac.Reset()
	p.mac.Write(p.room)
	p.mac.Write(a)
	p.mac.Write(b)
	p.sum = p.mac.Sum(p.sum[:0])
	return Print(p.sum[:len(Print{})])
}

// receipts turns results into what the caller gets.
func (c *Call) receipts() []order.Receipt {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 2*len(Hash{})*len(c.results))
	for i := range c.results {
		for _, b := range c.results[i].hash {
			text = append(text, digits[b>>4], digits[b&15])
		}
	}
	all := string(text) // one string for all hashes
	list := make([]order.Receipt, len(c.results))
	for i := range c.results {
		r := &c.results[i]
		list[i] = order.Receipt{
			Subject: c.entries[i].entry.Subject, Seq: r.seq, Kind: r.kind, Known: r.known,
			Changed: r.changed, At: time.UnixMicro(r.at).UTC(),
			Hash: all[i*2*len(Hash{}) : (i+1)*2*len(Hash{})],
		}
	}
	return list
}
