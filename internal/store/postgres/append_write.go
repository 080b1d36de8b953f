package postgres

import "github.com/jackc/pgx/v5"

// The writing statements of an append. Each takes whole columns as arrays, so
// that a group is one round trip however many rows it has.
const (
	// moveHead divides by zero, and so fails the whole transaction within the
	// round trip that commits it, if the head is another one than was decided on.
	moveHead = `UPDATE heads SET head = $4::bigint / (head = $2 AND hash = $3)::int, hash = $5, at = $6,
		moved = statement_timestamp() WHERE shop = $1`
	addEvents = `INSERT INTO events (shop, seq, at, personal, hash, header, body)
		SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[]) u`
	addPersonal = `INSERT INTO personal (shop, seq, salt, body)
		SELECT $1, u.* FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) u`
	addOrders = `INSERT INTO orders (shop, number, hash, twin, kind, id, newest, kinds, flags, layers)
		SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::text[], $6::text[],
			$7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[]) u`
	// changeOrders never inserts: the rows are there. It finds each by its own
	// key; given a list, the planner of a young table may read all of the shop's
	// orders.
	changeOrders = `INSERT INTO orders AS o (shop, number, hash, kind, id, newest, kinds, flags, layers)
		SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
			$8::bigint[], $9::bytea[]) u
		ON CONFLICT (shop, number) DO UPDATE SET newest = excluded.newest, kinds = excluded.kinds,
			flags = excluded.flags, layers = excluded.layers`
	addLater      = `INSERT INTO later (shop, number, seq) SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[]) u`
	addHappenings = `INSERT INTO happenings (shop, number, print, seq)
		SELECT $1, u.* FROM unnest($2::bigint[], $3::bytea[], $4::bigint[]) u`
	addReferences = `INSERT INTO refs (shop, source, value, number)
		SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::bigint[]) u
		ON CONFLICT (shop, source, value) DO UPDATE SET number = excluded.number`
	addStated = `INSERT INTO stated (shop, source, block)
		SELECT $1, u.* FROM unnest($2::text[], $3::bigint[]) u ON CONFLICT DO NOTHING`
)

// queue queues all that was decided. The order rows come before the personal
// parts: where the fast way takes a known order for new it fails there, and no
// personal part gets into a table, perhaps of an order that was erased.
func (a *appender) queue(b *pgx.Batch) {
	shop := a.log.shop
	for _, h := range a.batch.Heads {
		b.Queue(moveHead, shop, a.base.Seq, headHash(a.base), h.Seq, h.Hash[:], h.At)
	}
	a.queueRows(b)
	a.queueEvents(b)
	a.queueLater(b)
	a.queueReferences(b)
	a.queueStated(b)
}

func (a *appender) queueEvents(b *pgx.Batch) {
	n := len(a.batch.Events)
	if n == 0 {
		return
	}
	seq, at, personal := make([]int64, n), make([]int64, n), make([]*int64, n)
	hash, header, body := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i := range a.batch.Events {
		e := &a.batch.Events[i]
		seq[i], at[i], hash[i], header[i], body[i] = e.Seq, e.At, e.Hash[:], e.Header, e.Body
		if e.Personal != 0 {
			personal[i] = &e.Personal
		}
	}
	b.Queue(addEvents, a.log.shop, seq, at, personal, hash, header, body)
	if n = len(a.batch.Personal); n == 0 {
		return
	}
	of, salt, part := make([]int64, n), make([][]byte, n), make([][]byte, n)
	for i := range a.batch.Personal {
		p := &a.batch.Personal[i]
		of[i], salt[i], part[i] = p.Seq, p.Salt, p.Body
	}
	b.Queue(addPersonal, a.log.shop, of, salt, part)
}

// rowColumns are order rows by columns.
type rowColumns struct {
	number, hash, newest, kinds, flags []int64
	twin                               []int16
	kind, id                           []string
	layers                             [][]byte
}

func (a *appender) queueRows(b *pgx.Batch) {
	var add, change rowColumns
	var room []byte
	for c := range a.batch.Rows {
		to := &change
		if c.New {
			to = &add
			to.twin = append(to.twin, a.twin(c.Row.Key.Hash))
		}
		to.hash = append(to.hash, c.Row.Key.Hash)
		to.kind = append(to.kind, c.Row.Key.Kind)
		to.id = append(to.id, c.Row.Key.ID)
		to.number = append(to.number, c.Row.Number)
		to.newest = append(to.newest, c.Row.Newest)
		to.kinds = append(to.kinds, int64(c.Row.Kinds))
		to.flags = append(to.flags, int64(c.Row.Flags))
		from := len(room)
		room = c.Row.AppendLayers(room)
		to.layers = append(to.layers, room[from:len(room):len(room)])
	}
	if len(add.number) > 0 {
		b.Queue(addOrders, a.log.shop, add.number, add.hash, add.twin, add.kind, add.id, add.newest, add.kinds, add.flags, add.layers)
	}
	if len(change.number) > 0 {
		b.Queue(changeOrders, a.log.shop, change.number, change.hash, change.kind, change.id, change.newest, change.kinds, change.flags, change.layers)
	}
}

// twin tells a new subject apart from others of its digest. The fast way
// counts none, and fails if there is one.
func (a *appender) twin(hash int64) int16 {
	n := a.twins[hash]
	a.twins[hash] = n + 1
	return n
}

func (a *appender) queueLater(b *pgx.Batch) {
	if n := len(a.batch.Later); n > 0 {
		number, seq := make([]int64, n), make([]int64, n)
		for i, l := range a.batch.Later {
			number[i], seq[i] = l.Number, l.Seq
		}
		b.Queue(addLater, a.log.shop, number, seq)
	}
	if n := len(a.batch.Happenings); n > 0 {
		number, seq, print := make([]int64, n), make([]int64, n), make([][]byte, n)
		for i := range a.batch.Happenings {
			h := &a.batch.Happenings[i]
			number[i], seq[i], print[i] = h.Number, h.Seq, h.Print[:]
		}
		b.Queue(addHappenings, a.log.shop, number, print, seq)
	}
}

// queueReferences leaves one row per reference: a statement can not change a
// row twice, and the later one wins.
func (a *appender) queueReferences(b *pgx.Batch) {
	if len(a.batch.References) == 0 {
		return
	}
	type key struct{ source, value string }
	place := map[key]int{}
	var source, value []string
	var number []int64
	for _, r := range a.batch.References {
		k := key{r.Source, r.Value}
		i, ok := place[k]
		if !ok {
			i = len(number)
			place[k] = i
			source, value, number = append(source, r.Source), append(value, r.Value), append(number, 0)
		}
		number[i] = r.Number
	}
	b.Queue(addReferences, a.log.shop, source, value, number)
}

// statedBlock is how many order numbers share a row of the table stated.
const statedBlock = 256

// queueStated adds the blocks that are new, as far as this node remembers:
// most orders are in the block of the one before.
func (a *appender) queueStated(b *pgx.Batch) {
	var source []string
	var blocks []int64
	clear(a.stated)
	for _, l := range a.batch.Layers {
		block := l.Number / statedBlock
		last, ok := a.stated[l.Source]
		if !ok {
			last, ok = a.log.stated[l.Source]
		}
		if ok && last == block {
			continue
		}
		a.stated[l.Source] = block
		source, blocks = append(source, l.Source), append(blocks, block)
	}
	if len(blocks) > 0 {
		b.Queue(addStated, a.log.shop, source, blocks)
	}
}
