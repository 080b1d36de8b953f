package citrusad

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// When an order of a file counts as delivered.
const (
	proofFetched = "fetched"
	proofWritten = "written"
)

const (
	filePoll  = time.Minute      // how often the schedule is looked at
	fetchLook = 10 * time.Minute // how often a written file is looked at for a fetch
)

// file is the order file of a route: CitrusAd fetches it, there is nothing to
// push it to. It holds the orders that the engine handed over in the last
// days, each once, as it stood when it was handed over last.
//
// What is kept in between are chunks, one per Deliver, numbered upwards. They
// hold no personal data: customer and session are filled in from the ledger
// when the file is written, so that an erased order is left out of the next
// file.
type file struct {
	deps  partner.Deps
	log   *slog.Logger
	send  *outgoing
	name  string
	every time.Duration // 0: daily
	daily int           // minute of the day
	zone  *time.Location
	keep  time.Duration
	proof string

	mu sync.Mutex // numbers chunks
}

func newFile(deps partner.Deps, s partner.Settings, send *outgoing) (*file, error) {
	f := &file{deps: deps, log: deps.Log, send: send, name: textOr(s, "file_name", "orders.tsv"), proof: textOr(s, "file_proof", proofFetched)}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	err := f.schedule(textOr(s, "file_schedule", "24h"))
	zone, zerr := time.LoadLocation(textOr(s, "file_zone", "UTC"))
	if zerr != nil {
		err = errors.Join(err, errors.New("file_zone: no such time zone"))
	}
	f.zone = zone
	days, derr := strconv.Atoi(textOr(s, "file_days", "30"))
	if derr != nil || days < 1 || days > 3650 {
		err = errors.Join(err, errors.New("file_days: must be a number from 1 to 3650"))
	}
	f.keep = time.Duration(days) * 24 * time.Hour
	if !plainName.MatchString(f.name) {
		err = errors.Join(err, errors.New("file_name: must be letters, digits, points, hyphens and underscores"))
	}
	if !s["file_password"].Secret.Set() {
		err = errors.Join(err, errors.New("file_password: is required for an order file"))
	}
	return f, err
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// schedule reads "24h" or "06:00".
func (f *file) schedule(text string) error {
	if at, err := time.Parse("15:04", text); err == nil {
		f.daily = at.Hour()*60 + at.Minute()
		return nil
	}
	every, err := time.ParseDuration(text)
	if err != nil || every < filePoll {
		return errors.New("file_schedule: must be a time of day (06:00) or a period of at least a minute (24h)")
	}
	f.every = every
	return nil
}

// next is when the file is due after it was written at t.
func (f *file) next(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	if f.every > 0 {
		return t.Add(f.every)
	}
	local := t.In(f.zone)
	due := time.Date(local.Year(), local.Month(), local.Day(), f.daily/60, f.daily%60, 0, 0, f.zone)
	if !due.After(t) {
		due = time.Date(local.Year(), local.Month(), local.Day()+1, f.daily/60, f.daily%60, 0, 0, f.zone)
	}
	return due
}

// fileState is what a file remembers of itself.
type fileState struct {
	Written time.Time `json:"written,omitzero"`
	UpTo    int64     `json:"up_to,omitzero"`   // chunks below stand in the file
	From    int64     `json:"from,omitzero"`    // chunks below are gone by age
	Fetched int64     `json:"fetched,omitzero"` // chunks below stood in a file that was fetched
}

// The keys of a file in the state, which routes of one connection share.

func (f *file) keyState() string        { return "file/" + f.deps.Route + "/state" }
func (f *file) keyHead() string         { return "file/" + f.deps.Route + "/head" } // the number of the next chunk
func (f *file) keyChunk(n int64) string { return fmt.Sprintf("file/%s/chunk/%016d", f.deps.Route, n) }

func (f *file) load(ctx context.Context) (st fileState, err error) {
	b, ok, err := f.deps.State.Get(ctx, f.keyState())
	if err == nil && ok {
		err = json.Unmarshal(b, &st)
	}
	return st, err
}

func (f *file) head(ctx context.Context) (int64, error) {
	b, ok, err := f.deps.State.Get(ctx, f.keyHead())
	if err != nil || !ok {
		return 0, err
	}
	return strconv.ParseInt(string(b), 10, 64)
}

// deliver keeps the orders for the next file. Keeping one twice does no harm.
func (f *file) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	var chunk []byte
	var kept []int
	for i := range tasks {
		w, err := f.send.toWire(tasks[i].Order)
		if err != nil {
			outcomes[i] = partner.Refused("not_sendable", err.Error())
			continue
		}
		chunk = appendRecord(chunk, &w)
		kept = append(kept, i)
	}
	if len(kept) == 0 {
		return outcomes
	}
	o, err := f.keepChunk(ctx, chunk)
	if err != nil {
		f.log.ErrorContext(ctx, "keep orders for the order file", "shop", f.deps.Shop, "route", f.deps.Route, "error", err)
		o = partner.Later(0, "not_kept", "the orders could not be kept for the order file")
	}
	for _, i := range kept {
		outcomes[i] = o
	}
	return outcomes
}

func (f *file) keepChunk(ctx context.Context, chunk []byte) (partner.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.head(ctx)
	if err != nil {
		return partner.Outcome{}, err
	}
	if err := f.deps.State.Put(ctx, f.keyChunk(n), chunk, f.keep); err != nil {
		return partner.Outcome{}, err
	}
	if err := f.deps.State.Put(ctx, f.keyHead(), strconv.AppendInt(nil, n+1, 10), 0); err != nil {
		return partner.Outcome{}, err
	}
	st, err := f.load(ctx)
	if err != nil {
		return partner.Outcome{}, err
	}
	o := partner.Pending(strconv.FormatInt(n, 10), f.wait(st, n))
	o.Code, o.Reason = "file", "kept for the next order file"
	return o, nil
}

// wait is how long to wait before it is worth looking after a chunk.
func (f *file) wait(st fileState, chunk int64) time.Duration {
	if chunk < st.UpTo {
		return fetchLook
	}
	return max(f.next(st.Written).Sub(f.deps.Now()), 0) + filePoll
}

// look says which orders stand in a file that was written, or fetched.
func (f *file) look(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	st, err := f.load(ctx)
	if err == nil {
		st, err = f.seen(ctx, st)
	}
	for i := range tasks {
		if err != nil {
			outcomes[i] = partner.Later(0, "not_read", "the state of the order file could not be read")
			continue
		}
		outcomes[i] = f.lookOne(st, tasks[i].Ref)
	}
	if err != nil {
		f.log.ErrorContext(ctx, "read the state of the order file", "shop", f.deps.Shop, "route", f.deps.Route, "error", err)
	}
	return outcomes
}

func (f *file) lookOne(st fileState, ref string) partner.Outcome {
	n, err := strconv.ParseInt(ref, 10, 64)
	switch {
	case err != nil:
		return partner.NotThere()
	case n < st.Fetched, f.proof == proofWritten && n < st.UpTo:
		return partner.Delivered(ref)
	}
	o := partner.Pending(ref, f.wait(st, n))
	o.Code, o.Reason = "file", "kept for the next order file"
	if n < st.UpTo {
		o.Reason = "stands in the order file, which was not fetched yet"
	}
	return o
}

// seen brings up to date what was fetched.
func (f *file) seen(ctx context.Context, st fileState) (fileState, error) {
	if st.Written.IsZero() || st.Fetched == st.UpTo {
		return st, nil
	}
	at, err := f.deps.Files.Fetched(ctx, f.name)
	if err == nil && at.After(st.Written) {
		st.Fetched = st.UpTo
	}
	return st, err
}

// poll writes the file when it is due.
func (f *file) poll(ctx context.Context) error {
	st, err := f.load(ctx)
	if err != nil {
		return fmt.Errorf("read state of order file: %w", err)
	}
	now := f.deps.Now()
	if now.Before(f.next(st.Written)) {
		return nil
	}
	if st, err = f.seen(ctx, st); err != nil {
		return fmt.Errorf("read fetches of order file: %w", err)
	}
	head, err := f.head(ctx)
	if err != nil {
		return fmt.Errorf("read state of order file: %w", err)
	}
	err = f.deps.Files.Write(ctx, f.name, func(w io.Writer) error {
		st.From, err = f.write(ctx, w, st.From, head)
		return err
	})
	if err != nil {
		return fmt.Errorf("write order file: %w", err)
	}
	st.Written, st.UpTo = f.deps.Now(), head
	b, err := json.Marshal(st)
	if err == nil {
		err = f.deps.State.Put(ctx, f.keyState(), b, 0)
	}
	if err != nil {
		return fmt.Errorf("keep state of order file: %w", err)
	}
	return nil
}

// write writes the file out of the chunks from newest to oldest, so that of an
// order handed over several times the newest is taken, in one pass. It returns
// the oldest chunk there is.
func (f *file) write(ctx context.Context, w io.Writer, from, head int64) (int64, error) {
	if strings.HasSuffix(f.name, ".gz") {
		z := gzip.NewWriter(w)
		defer z.Close() // its error shows in the Close below
		oldest, err := f.writeRows(ctx, z, from, head)
		return oldest, errors.Join(err, z.Close())
	}
	return f.writeRows(ctx, w, from, head)
}

func (f *file) writeRows(ctx context.Context, w io.Writer, from, head int64) (int64, error) {
	if _, err := io.WriteString(w, strings.Join(written, "\t")+"\n"); err != nil {
		return from, err
	}
	done := map[string]bool{}
	for n := head - 1; n >= from; n-- {
		chunk, ok, err := f.deps.State.Get(ctx, f.keyChunk(n))
		if err != nil {
			return from, err
		}
		if !ok {
			return n + 1, nil // older ones are gone by age too
		}
		if err := f.writeChunk(ctx, w, chunk, done); err != nil {
			return from, err
		}
	}
	return from, nil
}

// writeChunk writes the orders of a chunk that are not yet in the file.
func (f *file) writeChunk(ctx context.Context, w io.Writer, chunk []byte, done map[string]bool) error {
	var records []record
	var ids []string
	for _, rec := range readRecords(chunk) {
		if !done[rec.id] {
			done[rec.id] = true
			records, ids = append(records, rec), append(ids, rec.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	orders, err := f.deps.Orders.Merged(ctx, f.deps.Shop, ids)
	if err != nil {
		return err
	}
	var b []byte
	for i, rec := range records {
		if i < len(orders) {
			b = f.appendNamed(b, &rec, orders[i])
		}
	}
	_, err = w.Write(b)
	return err
}

// appendNamed appends a record's rows with customer and session filled in. An
// order that had a session and lost it was erased, and is left out.
func (f *file) appendNamed(b []byte, rec *record, o *order.Order) []byte {
	if o == nil || rec.session && o.Session == "" {
		return b
	}
	customer := ""
	if o.Customer != nil && f.send.Customer {
		customer = o.Customer.ID
	}
	for row := range bytes.Lines(rec.rows) {
		before, seller, ok := bytes.Cut(row, []byte(blankNames))
		if !ok {
			continue
		}
		b = append(append(b, before...), '\t')
		b = append(append(b, cell(customer)...), '\t')
		b = append(append(b, cell(o.Session)...), '\t')
		b = append(b, seller...)
	}
	return b
}

// blankNames is what stands in a chunk for customer and session, with the tabs
// around: no value can hold it, see cell.
const blankNames = "\t\x1f\t\x1f\t"

// A record is an order in a chunk: a line with its quoted id and a mark, and
// its rows.
type record struct {
	id      string
	session bool
	rows    []byte
}

// appendRecord appends an order without what names a person.
func appendRecord(b []byte, w *wireOrder) []byte {
	b = append(appendText(append(b, '\x1e'), w.ID), '\t')
	if w.Session != "" {
		b = append(b, 's')
	}
	return appendRows(append(b, '\n'), w, "\x1f", "\x1f")
}

func readRecords(chunk []byte) (list []record) {
	for _, text := range bytes.Split(chunk, []byte{'\x1e'}) {
		head, rows, ok := bytes.Cut(text, []byte{'\n'})
		quoted, mark, tab := bytes.Cut(head, []byte{'\t'})
		if !ok || !tab {
			continue // what stands before the first record: nothing
		}
		c := cursor{s: string(quoted)}
		list = append(list, record{id: c.text(), session: len(mark) > 0, rows: rows})
	}
	return list
}

// deliverBoth sends the orders and keeps those that were taken for the file.
func (r *route) deliverBoth(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := r.deliver(ctx, tasks)
	var taken []partner.Task
	for i, o := range outcomes {
		if o.Result == partner.ResultDelivered || o.Result == partner.ResultPending {
			taken = append(taken, tasks[i])
		}
	}
	if len(taken) > 0 {
		r.file.deliver(ctx, taken) // it logs what fails; the API has them
	}
	return outcomes
}
