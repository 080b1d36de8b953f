package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

var update = flag.Bool("update", false, "write the golden files of formats that are not released yet")

// golden is one event as the golden file has it.
type golden struct {
	Seq      int64  `json:"seq"`
	Header   string `json:"header"` // hex
	Body     string `json:"body"`
	Hash     string `json:"hash"` // hex
	Salt     string `json:"salt,omitzero"`
	Personal string `json:"personal,omitzero"`
}

// nothing is a store without events.
type nothing struct{}

func (nothing) Head(string) (Head, error)                     { return Head{}, nil }
func (nothing) Event(string, int64) (*Stored, error)          { return nil, nil }
func (nothing) Happening(string, int64, Print) (int64, error) { return 0, nil }
func at(text string) (t order.Time)                           { t, _ = order.ParseTime(text); return t }
func number(text string) (d order.Decimal)                    { d, _ = order.ParseDecimal(text); return d }
func subject(id string) order.Subject                         { return order.Subject{Kind: order.SubjectOrder, ID: id} }

// goldenEntries use every part of the format: statements with and without a
// personal part, an update that keeps its personal part, happenings, history,
// origin, letters beyond ASCII, numbers as they were written.
func goldenEntries() []order.Entry {
	door := order.Source{Name: "citrusad:default", Rank: order.RankDoor}
	first := order.Order{
		ID: "Bestellung-ä-1", PlacedAt: at("2026-05-31T09:30:00.120+10:00"), Currency: "AUD", Session: "s-1",
		Customer: &order.Customer{Name: "Jonas Beispiel", Email: "jonas@nordlys.example"},
		Lines: []order.Line{{
			Product: order.Product{Code: "P-1", Name: "Käse <1 kg> & \"Brot\""}, Quantity: number("2"), Total: number("1.00"),
		}},
		Extra: map[string]order.Raw{"orderItems[0].colour": order.Raw(`"red"`), "a": order.Raw(`1e2`)},
	}
	second := first
	second.Currency = "NZD"
	return []order.Entry{
		{Subject: subject(first.ID), Source: door, Statement: &order.Statement{Order: first}},
		{Subject: subject(first.ID), Source: door, Statement: &order.Statement{Order: second}},
		{Subject: subject("A-2"), Source: order.Source{Name: "import", Rank: order.RankShop}, History: true,
			Statement: &order.Statement{Order: order.Order{ID: "A-2"}}},
		{Subject: subject(first.ID), Source: order.Source{Name: "route:hub", Rank: order.RankRoute}, Origin: "hub",
			Happening: &order.Happening{Kind: order.KindRefunded, At: at("2026-06-01T00:00:00Z"), Ref: "r-1",
				Amount: number("0.50"), Note: "Jonas called", Lines: []order.Line{{ID: "1", Quantity: number("1")}}}},
		{Subject: order.Subject{Kind: "act", ID: "route/ads"}, Source: order.Source{Name: "operator:anna", Rank: order.RankOperator},
			Happening: &order.Happening{Kind: order.KindNote, Reason: "paused"}},
	}
}

// goldenEvents makes the events with a fixed key, fixed salts and time.
func goldenEvents(t *testing.T) []golden {
	t.Helper()
	p := newPreparer(bytes.Repeat([]byte{7}, 32))
	c, err := p.call("nordlys", goldenEntries())
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.entries {
		e := &c.entries[i]
		e.salt = bytes.Repeat([]byte{byte(i + 1)}, saltSize)
		if e.personal != nil {
			e.digest, _ = digest1(nil, e.salt, e.personal)
		}
	}
	var b Batch
	b.Reset(time.Date(2026, 6, 1, 12, 0, 0, 123456789, time.UTC), nothing{})
	for _, k := range c.keys {
		b.Know(c.Shop, k, nil)
	}
	if err := b.Decide(c); err != nil {
		t.Fatal(err)
	}
	list := make([]golden, len(b.Events))
	for i, e := range b.Events {
		list[i] = golden{Seq: e.Seq, Header: hex.EncodeToString(e.Header), Body: string(e.Body), Hash: hex.EncodeToString(e.Hash[:])}
		for _, p := range b.Personal {
			if p.Seq == e.Personal {
				list[i].Salt, list[i].Personal = hex.EncodeToString(p.Salt), string(p.Body)
			}
		}
	}
	return list
}

const goldenFile = "testdata/format1.ndjson"

// TestFormat1 compares with the golden file what is written today. Once a
// version was released, its golden file is never made anew: a change of the
// bytes needs a new format, and the old one's reader stays.
func TestFormat1(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	for _, g := range goldenEvents(t) {
		line, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	if *update {
		if err := os.WriteFile(filepath.FromSlash(goldenFile), text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.FromSlash(goldenFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text.String(), "\n")); diff != "" {
		t.Errorf("the bytes of format 1 have changed: %s", diff)
	}
}

// readGolden returns the stored events of the golden file.
func readGolden(t *testing.T) []*Stored {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(goldenFile))
	if err != nil {
		t.Fatal(err)
	}
	var list []*Stored
	for line := range bytes.Lines(text) {
		var g golden
		if err := json.Unmarshal(bytes.TrimSpace(line), &g); err != nil {
			t.Fatal(err)
		}
		s := &Stored{Seq: g.Seq, Header: fromHex(t, g.Header), Body: []byte(g.Body), Hash: Hash(fromHex(t, g.Hash))}
		if g.Personal != "" {
			s.Salt, s.PersonalBody = fromHex(t, g.Salt), []byte(g.Personal)
		}
		h, err := readHeader(s.Header)
		if err != nil {
			t.Fatal(err)
		}
		s.At, s.Personal = h.at, h.personal
		list = append(list, s)
	}
	return list
}

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestReadFormat1 reads the golden file as a store that was written long ago.
func TestReadFormat1(t *testing.T) {
	t.Parallel()
	events := readGolden(t)
	v := verifier{before: sha256.Sum256([]byte("ordermux/genesis/1nordlys"))}
	for i, s := range events {
		v.event(s, nil)
		e, err := s.event("nordlys")
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, goldenEntries()[i], e)
	}
	if v.report.Faults != nil || v.report.Events != 5 {
		t.Errorf("verify: %+v", v.report)
	}
}

func compareGolden(t *testing.T, want order.Entry, got order.Event) {
	t.Helper()
	if want.Statement != nil {
		if d := order.Diff(&want.Statement.Order, got.Statement); len(d) > 0 {
			t.Errorf("event %d differs in %v", got.Seq, d)
		}
	}
	if h := want.Happening; h != nil && (got.Happening.Note != h.Note || got.Happening.Ref != h.Ref || got.Happening.Amount != h.Amount) {
		t.Errorf("event %d: %+v", got.Seq, got.Happening)
	}
	if got.Subject != want.Subject || got.Source != want.Source || got.Origin != want.Origin || got.History != want.History || got.Erased {
		t.Errorf("event %d: %+v", got.Seq, got)
	}
	if at := "2026-06-01T12:00:00.123456Z"; got.At.Format(time.RFC3339Nano) != at {
		t.Errorf("event %d: accepted at %v", got.Seq, got.At)
	}
}

// FuzzReadHeader: headers come from a file that anybody may have changed.
func FuzzReadHeader(f *testing.F) {
	h := header{seq: 3, number: 2, at: 1, subject: subject("A"), kind: order.KindPlaced, personal: 3}
	f.Add(h.append1(nil))
	f.Add([]byte{1, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHeader(b)
		if err != nil {
			return
		}
		again, err := readHeader(h.append1(nil))
		if err != nil || again != h {
			t.Errorf("read again: %+v instead of %+v, %v", again, h, err)
		}
	})
}

func FuzzSetLayers(f *testing.F) {
	r := IndexRow{Layers: []LayerState{{Source: order.Source{Name: "import", Rank: 4}, First: 1, Seq: 2, Version: -5, Print: Print{1}}}}
	f.Add(r.AppendLayers(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, again IndexRow
		if r.SetLayers(b) != nil {
			return
		}
		if err := again.SetLayers(r.AppendLayers(nil)); err != nil || fmt.Sprint(again) != fmt.Sprint(r) {
			t.Errorf("read again: %+v instead of %+v, %v", again, r, err)
		}
	})
}
