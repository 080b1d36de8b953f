package skeepers

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// The operations on purchase_events. The last one is ours: what the shop
// module's history import is handed.
const (
	opSync    = "bulk_sync_insert"
	opAsync   = "bulk_insert"
	opHistory = "retroactive_insert"
)

// events returns what takes an array of events; nil: no such operation.
func (d *door) events(website, op string) handler {
	switch op {
	case opSync, opAsync, opHistory:
	default:
		return nil
	}
	return func(w http.ResponseWriter, r *http.Request, m *memory) error {
		g, err := d.bearer(r, m)
		if err != nil {
			return err
		}
		if err := d.website(g, website); err != nil {
			return err
		}
		return d.take(w, r, m, g, op)
	}
}

// take takes the events of a call; those that were taken are on disk before
// anything is answered.
func (d *door) take(w http.ResponseWriter, r *http.Request, m *memory, g partner.Grant, op string) error {
	body, err := m.body.Read(w, r)
	if err != nil {
		return err
	}
	if err := m.decoder.read(body, d.terms(g, op)); err != nil {
		return err
	}
	b := batch{decoder: &m.decoder, now: d.deps.Now(), grant: g}
	if err := b.append(r, d.deps.Intake); err != nil {
		return err
	}
	if b.refusals > 0 && op != opSync {
		// Nobody reads the body of an asynchronous call.
		d.log.WarnContext(r.Context(), "events were refused", "shop", g.Shop, "source", g.Source.Name,
			"refused", b.refusals, "of", len(m.decoder.events), "orders", b.refused(), "first", told(m.decoder.faults[:1]))
	}
	m.out = m.decoder.appendVerdicts(m.out, b.notes)
	writeJSON(w, b.status(op), m.out)
	return nil
}

// terms are what a shop's configuration demands of the events of a call.
func (d *door) terms(g partner.Grant, op string) terms {
	t := terms{
		zone:    d.zone(g.Timezone),
		website: g.Settings[websiteID].Text, shops: g.Settings["shop_keys"].List, most: maxEvents,
		names: g.Settings.TextOr("require_names", "true") == "true", history: op == opHistory,
	}
	if op == opSync {
		t.most = maxBatch
	}
	return t
}

// zone returns a shop's time zone. Reading one costs more than a whole call,
// so those in use are kept.
func (d *door) zone(name string) *time.Location {
	if z, ok := d.zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = time.UTC // the configuration has been checked: a door of a test, which has none
	}
	d.zones.Store(name, z)
	return z
}

// A batch is what becomes of the events of one call.
type batch struct {
	decoder  *decoder
	now      time.Time
	grant    partner.Grant
	notes    []string // by event: what is odd about one that was taken
	refusals int
}

// append stores the good events, all of them or none.
func (b *batch) append(r *http.Request, intake partner.Intake) error {
	entries := b.entries()
	if len(entries) == 0 {
		return nil
	}
	_, err := intake.Append(r.Context(), b.grant.Shop, entries)
	var invalid *order.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	// One of them is beyond the bounds of all orders, and nobody says which.
	before := b.refusals
	entries = b.sift()
	if b.refusals == before {
		return errors.New("the ledger refuses an event that is within all bounds: " + invalid.Error())
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err = intake.Append(r.Context(), b.grant.Shop, entries); errors.As(err, &invalid) {
		return errors.New("the ledger refuses events that are within all bounds: " + invalid.Error())
	}
	return err
}

// entries turns the events that nothing is wrong with into entries. The same
// reference twice in one call makes two statements, of which the last wins.
func (b *batch) entries() []order.Entry {
	events := b.decoder.events
	entries := make([]order.Entry, 0, len(events))
	statements := make([]order.Statement, 0, len(events))
	b.notes, b.refusals = nil, 0
	faulty := b.decoder.faults
	for i := range events {
		bad := false
		for len(faulty) > 0 && faulty[0].event == i {
			bad, faulty = true, faulty[1:]
		}
		if bad {
			b.refusals++
			continue
		}
		e := &events[i]
		statements = append(statements, order.Statement{Order: toOrder(e, b.grant.Currency), Wire: e.Raw})
		subject := order.Subject{Kind: order.SubjectOrder, ID: e.Reference}
		entries = append(entries, order.Entry{Subject: subject, Source: b.grant.Source, Statement: &statements[len(statements)-1]})
		if note, h := age(e.Date.Time(), b.now); h != nil {
			entries = append(entries, order.Entry{Subject: subject, Source: b.grant.Source, Happening: h})
			b.note(i, note)
		}
	}
	return entries
}

// refused names the first orders that were refused, for the log.
func (b *batch) refused() string {
	var names []string
	last := -1
	for _, f := range b.decoder.faults {
		if f.event != last && len(names) < maxTold {
			names = append(names, shortID(b.decoder.events[f.event].Reference))
		}
		last = f.event
	}
	return partner.Words(strings.Join(names, ", "))
}

func (b *batch) note(i int, text string) {
	if b.notes == nil {
		b.notes = make([]string, len(b.decoder.events))
	}
	b.notes[i] = text
}

// sift adds the complaints that all orders share, event by event.
func (b *batch) sift() []order.Entry {
	d := b.decoder
	old, all := d.faults, []fault(nil)
	for i := range d.events {
		for len(old) > 0 && old[0].event == i {
			all, old = append(all, old[0]), old[1:]
		}
		if len(all) > 0 && all[len(all)-1].event == i {
			continue
		}
		o := toOrder(&d.events[i], b.grant.Currency)
		if invalid := order.Validate(&o); invalid != nil {
			for _, f := range invalid.Faults {
				all = append(all, fault{i, f})
			}
		}
	}
	d.faults = all
	return b.entries()
}

// status is what the call is answered with. The vendor's shop module takes 202
// and 400 from the asynchronous call as done and tries again after everything
// else, 200 and 206 included.
func (b *batch) status(op string) int {
	switch {
	case b.refusals > 0 && b.refusals == len(b.decoder.events):
		return http.StatusBadRequest
	case op != opSync:
		return http.StatusAccepted
	case b.refusals > 0:
		return http.StatusPartialContent
	}
	return http.StatusOK
}

// The remarks on old purchases, as the ledger has them.
const (
	olderThan3Months = "older_than_3_months"
	olderThan6Months = "older_than_6_months"
)

// age remarks on a purchase that is old: in words for the answer, and as a
// happening that changes nothing, so that the ledger tells why no request may
// have gone out. The vendor's help centre advises 3 months; that nobody is
// asked after 6 is what a client reports (seen 2026).
func age(placed, now time.Time) (string, *order.Happening) {
	if placed.IsZero() || !placed.Before(now.AddDate(0, -3, 0)) {
		return "", nil
	}
	note := order.Happening{Kind: order.KindNote, Ref: olderThan3Months,
		Reason: "the purchase is older than 3 months: Skeepers advises against asking"}
	if placed.Before(now.AddDate(0, -6, 0)) {
		note.Ref, note.Reason = olderThan6Months, "the purchase is older than 6 months: Skeepers is reported not to solicit"
	}
	return note.Reason, &note
}
