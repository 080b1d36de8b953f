package transfer

import "slices"

// Tables are all tables that are copied. A test compares the list with both
// schemas: what a later migration adds has to be added here, or to Left.
//
// How little of a table has to be compared row by row follows from what can
// happen to its rows in the hub:
//
//   - Rows are only ever added (Proof "count(*)"): what the target has is a
//     part of what the source has, so equal numbers mean equal rows. Erasing
//     breaks this, and is followed by itself: see forget.
//   - orders: every change of a row is an event, whose seq becomes its newest.
//     The target's rows are earlier versions of the source's, so no newest of
//     theirs is greater: if the sums are equal, each is, and with it the row.
//   - deliveries: none is ever removed, and one that was delivered never
//     changes (internal/delivery: retries are for what was not delivered,
//     replays are rows of their own). So delivered rows are only ever added.
//     All others are compared each time: Open. Erasing as above.
//   - promotion_*: a layer's rows never change, but layers come and go. They
//     are compared whole.
//   - Retention removes what is oldest: rows of orders in front of a shop's
//     checkpoint, of which nothing is added any more. So what is added is
//     greater than all that went, and a count with a sum of these numbers tells
//     that rows went although as many came. Personal parts of such orders are
//     emptied first, which the count of those that are not tells. Evidence that
//     it empties is emptied again in the database, where retention begins anew.
//   - The rest changes in any way. It is compared whole; rows of refs and
//     claims are narrow, and of the others there are few.
func Tables() []*Table { return slices.Clone(tables) }

var counted = []string{"count(*)"}

var tables = listed([]Table{
	{
		Name: "orders", First: true, Twin: true,
		Key:     columns("number int"),
		Columns: columns("hash int", "kind text", "id text", "newest int", "kinds int", "flags int", "layers bytes"),
		Proof:   []string{"count(*)", "sum(newest)"},
		Check:   []string{"sum(newest)", "sum(kinds)", "sum(flags)"},
	},
	// Before events, so that a target that is behind has no head without its
	// events once a pass is over.
	{Name: "shops", First: true, Columns: columns("key bytes")},
	{Name: "heads", From: "shops", First: true, Columns: columns("head int", "hash bytes", "at int")},
	{Name: "checkpoints", Columns: columns("seq int", "hash bytes", "at int")},
	{
		Name: "events", Proof: []string{"count(*)", "sum(seq)"},
		Key:     columns("seq int"),
		Columns: columns("at int", "personal int null", "hash bytes", "header bytes", "body bytes"),
	},
	{
		Name: "personal", Proof: []string{"count(*)", "sum(seq)", "count(*) FILTER (WHERE " + keptSalt + ")"},
		Key: columns("seq int"), Columns: columns("salt bytes erased", "body bytes erased"),
	},
	{Name: "later", Proof: []string{"count(*)", "sum(seq)"}, Key: columns("number int", "seq int")},
	{Name: "happenings", Proof: []string{"count(*)", "sum(seq)"}, Key: columns("number int", "print bytes"), Columns: columns("seq int")},
	{Name: "refs", Key: columns("source text", "value text"), Columns: columns("number int")},
	{Name: "stated", Proof: []string{"count(*)", "sum(block)"}, Key: columns("source text", "block int")},
	{
		Name: "routes",
		Key:  columns("route text"),
		Columns: columns("partner text", "position int", "start int", "ahead int", "last_call int", "epoch int", "status text",
			"reason text", "revision text", "personal bool", "backfilled numbers"),
	},
	{Name: "route_counts", Key: columns("route text", "state int"), Columns: columns("n int")},
	{
		Name: "deliveries",
		Key:  columns("route text", "ord int", "seq int", "run int"),
		Columns: columns("state int", "lane int", "act int", "attempt int", "due int", "base int", "planned int", "settled int",
			"ref text", "code text", "reason text", "call int", "place int", "note bytes null erased", "digest bytes null erased",
			"looks int", "absent int"),
		Proof: []string{"count(*) FILTER (WHERE state = 9)", "sum(ord) FILTER (WHERE state = 9)"},
		Open:  "state != 9",
		Check: []string{"sum(attempt)", "sum(settled % 1000003)", "sum(planned % 1000003)", "sum(call)"},
	},
	{
		Name: "calls", Proof: []string{"count(*)", "sum(id)"},
		Key: columns("route text", "id int", "n int"),
		Columns: columns("tasks int", "at int", "duration int", "method text", "url text", "request_head text",
			"request_body bytes null erased", "request_size int", "status int", "response_head text",
			"response_body bytes null erased", "response_size int", "error text", "erased bool"),
	},
	{
		Name: "earlier_calls", Proof: []string{"count(*)", "sum(ord)"},
		Key: columns("route text", "ord int", "seq int", "run int", "call int"), Columns: columns("place int"),
	},
	{Name: "claims", Key: columns("ord int", "kind text"), Columns: columns("route text")},
	{Name: "call_days", Key: columns("connection text", "day text"), Columns: columns("calls int")},
	{Name: "state", Key: columns("scope text", "key text"), Columns: columns("value bytes", "expires int")},
	{
		// As with orders: a version's event is greater than that of the one
		// before.
		Name: "reviews", Proof: []string{"count(*)", "sum(seq)"},
		Key: columns("id text"),
		Columns: columns("seq int", "at int", "version int", "order_id text", "source text", "about text", "product text",
			"stars int", "locale text", "location text", "tags text", "link text", "platform text", "verified bool", "deleted bool"),
		Check: []string{"sum(seq)", "sum(stars)"},
	},
	{Name: "review_keys", Key: columns("kind text", "value text", "at int", "id text")},
	{
		Name: "review_totals", Key: columns("dimension text", "value text", "month text"),
		Columns: columns("count int", "stars int"), Check: []string{"sum(count)", "sum(stars)"},
	},
	{Name: "catalogs", Columns: columns("version int")},
	{
		// As with orders: every change of a row raises its version, and none is
		// removed.
		Name: "products", Proof: []string{"count(*)", "sum(version)"},
		Key:     columns("code text"),
		Columns: columns("version int", "at int", "deleted bool", "stock bytes", "body bytes"),
		Check:   []string{"sum(version)"},
	},
	{Name: "product_codes", Key: columns("kind text", "value text", "code text")},
	{Name: "reservations", Key: columns("code text", "key text"), Columns: columns("quantity text", "expires int")},
	{Name: "taken", Key: columns("order_id text"), Columns: columns("body bytes")},
	{Name: "outlets", Proof: counted, Key: columns("store text")},
	{
		// As products: no row is removed, and every change raises its version.
		Name: "offers", Proof: []string{"count(*)", "sum(version)"},
		Key:     columns("store text", "code text"),
		Columns: columns("version int", "at int", "price text", "currency text", "active int", "most int"),
		Check:   []string{"sum(version)", "sum(active)"},
	},
	{Name: "promotion_heads", Columns: columns("number int", "version int")},
	{
		Name: "promotion_jobs", Key: columns("number int"),
		Columns: columns("id text", "state int", "digest bytes", "same text", "attempt int", "crashes int", "until int",
			"created int", "updated int", "pieces int", "done int", "body bytes", "result bytes"),
		Check: []string{"sum(state)", "sum(done)"},
	},
	{Name: "promotion_pieces", Key: columns("job int", "piece int"), Columns: columns("body bytes", "result bytes null")},
	{
		Name: "promotions", Key: columns("id int"),
		Columns: columns("print bytes", "state int", "starts int", "ends int", "due int", "created int", "changed int", "body bytes"),
		Check:   []string{"sum(state)", "sum(due % 1000003)"},
	},
	{Name: "promotion_layers", Key: columns("layer int"), Columns: columns("promotion int", "levels int")},
	{Name: "promotion_stores", Key: columns("layer int", "bucket int"), Columns: columns("body bytes")},
	{
		Name: "promotion_skus", Key: columns("key int", "starts int", "layer int"),
		Columns: columns("ends int", "stores int", "skus int", "body bytes"), Check: []string{"sum(layer)", "sum(length(body))"},
	},
	{Name: "promotion_changes", Key: columns("version int"), Columns: columns("at int", "kind text", "promotion int", "job int"), Check: []string{"sum(version)"}},
	{Name: "fetches", Key: columns("route text", "name text", "at int"), Columns: columns("bytes int", "whole bool")},
	{
		Name: "tokens", Reference: true,
		Key:     columns("digest bytes"),
		Columns: columns("shop text", "name text", "scope text", "created int", "issued int", "expires int"),
	},
})

// Left are the tables, and columns of tables, that are not copied, and why:
// those of SQLite, and those of PostgreSQL.
func Left() (source, target map[string]string) {
	source = map[string]string{
		"migrations":    "what was done to this file",
		"ids":           "an index, which PostgreSQL keeps by itself (orders_hash)",
		"shops.indexed": "of that index",
		"shops.node":    "there are no nodes",
		"shops.epoch":   "there are no nodes",
		"order_index":   "an index, which the target makes anew from its log",
		"order_keys":    "of that index",
	}
	target = map[string]string{
		"migrations":  "what was done to this database",
		"owners":      "nodes make the rows when they take their shops",
		"heads.moved": "the time of the row's own making",
		"orders.twin": "given when a row is made",
		"files":       "copied by the interface of files",
		"file_pieces": "copied by the interface of files",
		"order_index": "made anew from the log",
		"order_keys":  "made anew from the log",
		"transfers":   "of the move itself",
		"nodes":       "of living nodes",
		"commands":    "of living nodes",
	}
	return source, target
}

func listed(list []Table) []*Table {
	out := make([]*Table, len(list))
	for i := range list {
		t := &list[i]
		if !t.Reference {
			t.Key = slices.Concat(columns("shop text"), t.Key)
		}
		t.list = slices.Concat(t.Key, t.Columns)
		out[i] = t
	}
	return out
}

func table(name string) *Table {
	i := slices.IndexFunc(tables, func(t *Table) bool { return t.Name == name })
	return tables[i]
}
