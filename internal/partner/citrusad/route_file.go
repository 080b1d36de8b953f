package citrusad

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// When an order of a file counts as delivered.
const (
	proofFetched = "fetched"
	proofWritten = "written"
)

const (
	filePoll  = 10 * time.Second // how often the schedule is looked at
	fileAgain = time.Minute      // how long after a file could not be written
	fileLeast = time.Minute      // the shortest period of a schedule
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

	writing  sync.Mutex // one writing at a time
	notUntil time.Time  // after a failure; guarded by writing
}

func newFile(deps partner.Deps, s partner.Settings, send *outgoing) (*file, error) {
	f := &file{deps: deps, log: deps.Log, send: send, name: s.TextOr("file_name", "orders.tsv"), proof: s.TextOr("file_proof", proofFetched)}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	err := f.schedule(s.TextOr("file_schedule", "24h"))
	zone, zerr := time.LoadLocation(s.TextOr("file_zone", "UTC"))
	if zerr != nil {
		err = errors.Join(err, errors.New("file_zone: no such time zone"))
	}
	f.zone = zone
	days, derr := strconv.Atoi(s.TextOr("file_days", "30"))
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
	if err != nil || every < fileLeast {
		return errors.New("file_schedule: must be a time of day (06:00) or a period of at least a minute (24h)")
	}
	f.every = every
	return nil
}

// next is when the file is due; zero time: it never was written, and is due
// now. Periods count from when it was due last, not from when it was written
// then: otherwise each file would be a little later than the one before, and
// every second one a whole look later.
func (f *file) next(st fileState) time.Time {
	t := st.Due
	if t.IsZero() {
		t = st.Written
	}
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

// latestDue is the last time until now that the file was due, if it is due.
func (f *file) latestDue(st fileState, now time.Time) time.Time {
	due := f.next(st)
	if due.IsZero() || f.every == 0 {
		return now
	}
	return due.Add(now.Sub(due).Truncate(f.every))
}

// fileState is what a file remembers of itself.
type fileState struct {
	Due       time.Time `json:"due,omitzero"` // when the file was due that was written last
	Written   time.Time `json:"written,omitzero"`
	UpTo      int64     `json:"up_to,omitzero"`      // chunks below stand in the file
	From      int64     `json:"from,omitzero"`       // chunks below are gone by age
	Fetched   int64     `json:"fetched,omitzero"`    // chunks below stood in a file that was fetched
	FetchedAt time.Time `json:"fetched_at,omitzero"` // when that file was
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
	return max(f.next(st).Sub(f.deps.Now()), 0) + filePoll
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
	case n < st.Fetched:
		o := partner.Delivered(f.name)
		o.Code, o.Reason = "file_fetched", "stood in the order file that was fetched"+at(st.FetchedAt)
		return o
	case f.proof == proofWritten && n < st.UpTo:
		o := partner.Delivered(f.name)
		o.Code, o.Reason = "file_written", "stands in the order file written"+at(st.Written)
		return o
	}
	o := partner.Pending(ref, f.wait(st, n))
	o.Code, o.Reason = "file", "kept for the next order file"
	if n < st.UpTo {
		o.Reason = "stands in the order file written" + at(st.Written) + ", which was not fetched yet"
	}
	return o
}

// at says when, as people read it; nothing if that is not known.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(" at 2006-01-02 15:04:05 MST")
}

// seen brings up to date what was fetched.
func (f *file) seen(ctx context.Context, st fileState) (fileState, error) {
	if st.Written.IsZero() || st.Fetched == st.UpTo {
		return st, nil
	}
	at, err := f.deps.Files.Fetched(ctx, f.name)
	if err == nil && at.After(st.Written) {
		st.Fetched, st.FetchedAt = st.UpTo, at
	}
	return st, err
}

// poll writes the file when it is due, and when it was taken away. After a
// failure it waits a while: the disk may be full.
func (f *file) poll(ctx context.Context) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	now := f.deps.Now()
	if now.Before(f.notUntil) {
		return nil
	}
	err := f.writeNeeded(ctx, now)
	if err != nil {
		f.notUntil = now.Add(fileAgain)
	}
	return err
}

func (f *file) writeNeeded(ctx context.Context, now time.Time) error {
	st, err := f.load(ctx)
	if err != nil {
		return fmt.Errorf("read state of order file: %w", err)
	}
	if !now.Before(f.next(st)) {
		return f.writeDue(ctx, st, now)
	}
	gone, err := f.withdrawn(ctx)
	if err != nil {
		return fmt.Errorf("look for order file: %w", err)
	}
	if gone {
		return f.writeSame(ctx, st)
	}
	return nil
}

// withdrawn reports whether the hub took the file away.
func (f *file) withdrawn(ctx context.Context) (bool, error) {
	if w, ok := f.deps.Files.(partner.Withdrawer); ok {
		return w.Withdrawn(ctx, f.name)
	}
	return false, nil
}

// rewrite writes the present file anew after one of its orders was erased.
func (f *file) rewrite(ctx context.Context) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	st, err := f.load(ctx)
	if err != nil {
		return fmt.Errorf("read state of order file: %w", err)
	}
	return f.writeSame(ctx, st)
}

// writeSame writes the file with the chunks it has already. That changes
// nothing of when it is due and of what counts as fetched.
func (f *file) writeSame(ctx context.Context, st fileState) error {
	err := f.deps.Files.Write(ctx, f.name, func(w io.Writer) error {
		_, err := f.write(ctx, w, st.From, st.UpTo)
		return err
	})
	if err != nil {
		return fmt.Errorf("write order file anew: %w", err)
	}
	return nil
}

// writeDue writes the file with all chunks there are.
func (f *file) writeDue(ctx context.Context, st fileState, now time.Time) error {
	st, err := f.seen(ctx, st)
	if err != nil {
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
	st.Due, st.Written, st.UpTo = f.latestDue(st, now), f.deps.Now(), head
	b, err := json.Marshal(st)
	if err == nil {
		err = f.deps.State.Put(ctx, f.keyState(), b, 0)
	}
	if err != nil {
		return fmt.Errorf("keep state of order file: %w", err)
	}
	return nil
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
