package sqlite

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
)

// TestTampering changes the file behind the ledger's back.
func TestTampering(t *testing.T) {
	t.Parallel()
	f := func(name, want string, statements ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, t.TempDir(), Options{})
			l := ledger.New(s, ledger.Options{})
			appendIDs(t, l, 0, 1200) // several pages
			mustVerify(t, s, 1200)
			for _, text := range statements {
				err := s.Do(t.Context(), func(tx *Tx) error { _, err := tx.Exec(text); return err })
				if err != nil {
					t.Fatal(err)
				}
			}
			r, err := l.Verify(t.Context(), testShop)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Faults) != 1 || !strings.HasPrefix(r.Faults[0], want) {
				t.Errorf("faults %q instead of %q", r.Faults, want)
			}
		})
	}
	f("a body", "event 777: its hash",
		`UPDATE events SET body = replace(body, 'SEK', 'NOK') WHERE seq = 777`)
	f("a header", "event 778: its hash",
		`UPDATE events SET header = CAST(replace(CAST(header AS TEXT), 'citrus', 'lemons') AS BLOB) WHERE seq = 778`)
	f("a hash", "event 3: its hash", `UPDATE events SET hash = zeroblob(32) WHERE seq = 3`)
	f("an event gone", "event 601 is missing: after 600 comes 602", `DELETE FROM events WHERE seq = 601`)
	f("the newest event gone", "event 1200 is missing", `DELETE FROM events WHERE seq = 1200`)
	f("the newest event and the head gone", "the head of the log",
		`DELETE FROM events WHERE seq = 1200`, `UPDATE shops SET head = 1199`)
	f("two swapped", "event 5: it stands in the place of another",
		`UPDATE events SET seq = -5 WHERE seq = 5`, `UPDATE events SET seq = 5 WHERE seq = 6`, `UPDATE events SET seq = 6 WHERE seq = -5`)
	f("a time", "event 9: its columns", `UPDATE events SET at = at + 1 WHERE seq = 9`)
	f("a personal part", "event 11: its personal part is not the one",
		`UPDATE personal SET body = CAST(replace(CAST(body AS TEXT), 'person', 'nobody') AS BLOB) WHERE seq = 11`)
	f("a personal part gone", "event 12: its personal part is missing",
		`DELETE FROM personal WHERE seq = 12`)
	f("the head's hash", "the head of the log", `UPDATE shops SET hash = zeroblob(32)`)
	f("an unreadable header", "event 2: unreadable header", `UPDATE events SET header = x'0100ff' WHERE seq = 2`)
	f("another format", "event 2: event format 9 is not known", `UPDATE events SET header = x'0900ff' WHERE seq = 2`)
}
