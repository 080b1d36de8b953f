package postgres

import (
	"regexp"
	"testing"

	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// narrow are the columns of which one has to narrow every look into a table
// that grows: shop alone, or shop and route, is all that ever was.
var narrow = map[string]*regexp.Regexp{
	"deliveries":    regexp.MustCompile(`\b(ord|lane|state|seq)\b`),
	"earlier_calls": regexp.MustCompile(`\bord\b`),
	"calls":         regexp.MustCompile(`\bid\b`),
	"claims":        regexp.MustCompile(`\bord\b`),
	"state":         regexp.MustCompile(`\b(key|expires)\b`),
	"fetches":       regexp.MustCompile(`\broute\b`),
	"file_pieces":   regexp.MustCompile(`\broute\b`),
	"orders":        regexp.MustCompile(`\b(number|hash)\b`),
	"events":        regexp.MustCompile(`\bseq\b`),
	"personal":      regexp.MustCompile(`\bseq\b`),
	"later":         regexp.MustCompile(`\bnumber\b`),
	"happenings":    regexp.MustCompile(`\bnumber\b`),
	"stated":        regexp.MustCompile(`\bsource\b`),
	"products":      regexp.MustCompile(`\b(code|version)\b`),
	"product_codes": regexp.MustCompile(`\bvalue\b`),
	"reservations":  regexp.MustCompile(`\b(code|key)\b`),
	"order_keys":    regexp.MustCompile(`\b(digest|number)\b`),
	"taken":         regexp.MustCompile(`\border_id\b`),
	"offers":        regexp.MustCompile(`\b(code|version)\b`),

	"promotion_jobs":    regexp.MustCompile(`\b(number|digest|updated)\b`),
	"promotion_pieces":  regexp.MustCompile(`\bjob\b`),
	"promotions":        regexp.MustCompile(`\b(id|print|due)\b`),
	"promotion_layers":  regexp.MustCompile(`\b(layer|promotion)\b`),
	"promotion_stores":  regexp.MustCompile(`\blayer\b`),
	"promotion_skus":    regexp.MustCompile(`\b(key|layer)\b`),
	"promotion_changes": regexp.MustCompile(`\bversion\b`),
}

// few are the indexes that narrow a look without a condition: their entries
// are few.
var few = map[string]bool{
	"deliveries_blocked": true, "deliveries_due": true,
	"promotion_jobs_open": true, "promotion_jobs_left": true,
}

// TestNoStatementWalksAShop asks the planner how it finds the rows of growing
// tables, when it has seen nothing of them yet and when it has seen that they
// are empty: it may keep that plan while they fill.
func TestNoStatementWalksAShop(t *testing.T) {
	t.Parallel()
	conn := other(t, openTest(t, pgtest.Fresh(t), Options{}))
	for name, value := range settings {
		mustExec(t, conn, "SET "+name+" = '"+value+"'")
	}
	for _, seen := range []string{"nothing", "empty tables"} {
		if seen != "nothing" {
			mustExec(t, conn, "VACUUM ANALYZE")
		}
		asked := map[string]int{}
		for text, place := range statements(t) {
			if !isQuery.MatchString(text) || len(touches(text)) == 0 || exempt(text, map[string]bool{}) {
				continue
			}
			top, err := plan(t.Context(), conn, text)
			if err != nil {
				t.Errorf("%s: %v: %s", place, err, text)
				continue
			}
			top.walk(func(n *planPart) {
				by := narrow[n.Relation]
				if by == nil || n.Type == "ModifyTable" || few[n.Index] {
					return
				}
				asked[n.Relation]++
				if !by.MatchString(n.Cond) {
					t.Errorf("%s: having seen %s: %s by %s (%s): %s", place, seen, n.Relation, n.Index, n.Cond, text)
				}
			})
		}
		for table := range narrow {
			if asked[table] == 0 {
				t.Errorf("no statement that reads %s was found", table)
			}
		}
	}
}
