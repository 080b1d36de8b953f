package postgres

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
)

// claims are invitations, each once, sorted: all commits lock them in the same
// sequence.
type claims struct {
	ord  []int64
	kind []string
}

type claim struct {
	ord  int64
	kind string
}

func sortedClaims(list []claim) claims {
	slices.SortFunc(list, func(a, b claim) int {
		if a.ord != b.ord {
			return int(min(max(a.ord-b.ord, -1), 1))
		}
		return strings.Compare(a.kind, b.kind)
	})
	var c claims
	for _, k := range slices.Compact(list) {
		c.ord, c.kind = append(c.ord, k.ord), append(c.kind, k.kind)
	}
	return c
}

// takeClaims takes those that nobody has. It waits for a commit of another
// route that takes or releases one of them.
const takeClaims = `INSERT INTO claims (shop, ord, kind, route)
	SELECT $1::text, u.ord, u.kind, $2::text FROM unnest($3::bigint[], $4::text[]) u (ord, kind)
	ON CONFLICT DO NOTHING RETURNING ord, kind`

// claimAll takes all claims of the bundle and fails if another route has one.
func (c *commit) claimAll(b *pgx.Batch) {
	const mine = `SELECT 1 / (count(*) = $5::bigint)::integer FROM unnest($3::bigint[], $4::text[]) u (ord, kind)
		CROSS JOIN LATERAL (SELECT c.route FROM claims c
			WHERE c.shop = $1 AND c.ord = u.ord AND c.kind = u.kind LIMIT 1) c
		WHERE c.route = $2`
	var list []claim
	for i := range c.b.Changes {
		for _, kind := range c.b.Changes[i].Claims {
			list = append(list, claim{c.b.Changes[i].Row.Order, kind})
		}
	}
	if len(list) == 0 {
		return
	}
	all := sortedClaims(list)
	b.Queue(takeClaims, c.shop, c.route, all.ord, all.kind)
	b.Queue(mine, c.shop, c.route, all.ord, all.kind, int64(len(all.ord)))
}

// released are the changes that give claims up, if they are written.
func (c *commit) released() (list []*delivery.Change) {
	for i := range c.b.Changes {
		if ch := &c.b.Changes[i]; ch.Release && ch.Answer == delivery.Done {
			list = append(list, ch)
		}
	}
	return list
}

// lockHeirs locks the rows of the routes that may take what is released, and
// our own, before anything else: whether one of them has come to the order
// already, and is told here, or comes to it later, and finds the claim free,
// is then decided once.
func (c *commit) lockHeirs(b *pgx.Batch, released []*delivery.Change) {
	const lock = `SELECT route FROM routes WHERE shop = $1 AND route = ANY ($2::text[]) ORDER BY route FOR NO KEY UPDATE`
	heirs := []string{c.route}
	for _, ch := range released {
		heirs = append(heirs, ch.Plant...)
	}
	if len(heirs) > 1 {
		slices.Sort(heirs)
		b.Queue(lock, c.shop, slices.Compact(heirs))
	}
}

// codeFree marks rows planted for routes that may invite now.
const (
	codeFree   = "claim_free"
	reasonFree = "another route gave its invitation up"
)

// releaseClaims gives claims up and tells the routes that may take them, in
// this same transaction: otherwise a crash could lose the word.
func (c *commit) releaseClaims(b *pgx.Batch) {
	const release = `DELETE FROM claims WHERE shop = $1 AND ord = $2 AND route = $3`
	const plant = `WITH planted AS (
			INSERT INTO deliveries (shop, route, ord, seq, run, state, lane, due, base, planned, code, reason)
			SELECT r.shop, r.route, o.number, o.newest, 0, 2, 0, $2, u.base, $2, $6, $7
			FROM unnest($3::bigint[], $4::bigint[], $5::text[]) u (ord, base, route)
			CROSS JOIN LATERAL (SELECT r.shop, r.route FROM routes r
				WHERE r.shop = $1 AND r.route = u.route AND r.position >= u.ord LIMIT 1) r
			CROSS JOIN LATERAL (SELECT o.number, o.newest FROM orders o
				WHERE o.shop = $1 AND o.number BETWEEN u.ord AND u.ord ORDER BY o.number LIMIT 1) o
			LEFT JOIN LATERAL (SELECT d.ord FROM deliveries d
				WHERE d.shop = $1 AND d.route = u.route AND d.ord = u.ord LIMIT 1) d ON true
			WHERE d.ord IS NULL
			ON CONFLICT DO NOTHING RETURNING route)
		INSERT INTO route_counts AS c (shop, route, state, n)
		SELECT $1::text, p.route, 2, count(*) FROM planted p GROUP BY p.route
		ON CONFLICT (shop, route, state) DO UPDATE SET n = c.n + excluded.n`
	list := c.released()
	if len(list) == 0 {
		return
	}
	var planted, base []int64
	var heirs []string
	for _, ch := range list {
		b.Queue(release, c.shop, ch.Row.Order, c.route)
		for _, route := range ch.Plant {
			planted, base, heirs = append(planted, ch.Row.Order), append(base, micros(ch.Row.Base)), append(heirs, route)
		}
	}
	if len(heirs) > 0 {
		b.Queue(plant, c.shop, micros(c.b.Now), planted, base, heirs, codeFree, reasonFree)
	}
}
