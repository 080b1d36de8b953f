package deliveryhero

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// jobs are those of a chain: updates of the catalogue, exports, files, and that
// there are promotions. They stand in Deps.At(shop):
//
//	job/<id>          the place of the job
//	jobs/<place>      the job without its items; places sort the newest first
//	job-items/<id>/n  its items, some in each
//	job-news/<time>   that its end is still to be told (callback_jobs.go)
//	job-untold        that the end of some was given up
type jobs struct {
	deps partner.Deps
	shop string
	base string // address of the door as the client reaches it; "": nobody asked
}

// Our choices.
const (
	jobsKept   = 30 * 24 * time.Hour // for which a job can be asked about
	mostItems  = 10_000              // of a job that are kept
	itemsOfKey = 500
	mostJobs   = 500 // of a page
	mostJobID  = 200 // characters
)

const (
	keyJob      = "job/"
	keyJobs     = "jobs/"
	keyJobItems = "job-items/"
	keyJobNews  = "job-news/"
)

// keptJob is a job as it is kept.
type keptJob struct {
	partner.Job
	Pieces int `json:"pieces,omitzero"` // keys that hold its items

	raw []byte // as it stands there
}

// jobID makes the id of a job: a UUID of version 7, which sorts by time.
func jobID(now time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	ms := now.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// start makes a job of a kind (partner.JobCatalog …) that is under way, with an
// id of ours if it has none. A job with that id that is there already is begun
// anew, in its place.
func (j *jobs) start(ctx context.Context, job *partner.Job) error {
	job.State = cmp.Or(job.State, partner.JobInProgress)
	return j.keep(ctx, job, 0, false)
}

// end writes what became of a job, completed if it does not say; its items
// beyond mostItems are cut. It need not have been started. Tells is whether the
// chain's receiver shall be told, if it wants to be.
func (j *jobs) end(ctx context.Context, job *partner.Job, tells bool) error {
	if job.State == "" || job.State == partner.JobInProgress || job.State == partner.JobQueued {
		job.State = partner.JobCompleted
	}
	job.ID = cmp.Or(job.ID, jobID(j.deps.Now()))
	pieces, err := j.keepItems(ctx, job)
	if err != nil {
		return err
	}
	return j.keep(ctx, job, pieces, tells)
}

// keepItems writes a job's items, which nobody sees before the job says how
// many keys hold them.
func (j *jobs) keepItems(ctx context.Context, job *partner.Job) (pieces int, err error) {
	if len(job.Items) > mostItems {
		job.Items, job.Cut = job.Items[:mostItems], true
	}
	for rest := job.Items; len(rest) > 0; pieces++ {
		n := min(itemsOfKey, len(rest))
		some := make([]partner.JobItem, n)
		for i, item := range rest[:n] {
			item.SKU, item.Store, item.Reason = clipped(item.SKU), clipped(item.Store), clipped(item.Reason)
			some[i] = item
		}
		rest = rest[n:]
		value, err := json.Marshal(some)
		if err != nil {
			return 0, fmt.Errorf("write items of a job: %w", err)
		}
		if err := j.state().Put(ctx, itemsKey(job.ID, pieces), value, jobsKept); err != nil {
			return 0, fmt.Errorf("keep items of a job: %w", err)
		}
	}
	return pieces, nil
}

// clipped is a text of a stranger's, short enough to be kept many times.
func clipped(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func (j *jobs) state() partner.State { return j.deps.At(j.shop) }

func itemsKey(id string, n int) string { return fmt.Sprintf("%s%s/%03d", keyJobItems, id, n) }

// keep writes a job and where it stands, in one transaction.
func (j *jobs) keep(ctx context.Context, job *partner.Job, pieces int, tells bool) error {
	now := j.deps.Now().UTC()
	job.ID = cmp.Or(job.ID, jobID(now))
	if len(job.ID) > mostJobID {
		return errors.New("the id of a job is too long")
	}
	for range 5 { // others may write the same job meanwhile
		place, was, err := j.read(ctx, job.ID)
		if err != nil {
			return err
		}
		kept := keptJob{Job: *job, Pieces: pieces}
		kept.Items, kept.Updated = nil, now
		if was != nil {
			kept.Created = was.Created
		} else if kept.Created.IsZero() {
			kept.Created = now
		}
		ok, err := j.write(ctx, place, was, &kept, tells)
		if err != nil {
			return err
		}
		if ok {
			job.Created, job.Updated = kept.Created, kept.Updated
			return nil
		}
	}
	return fmt.Errorf("keep a job: %w", order.ErrBusy)
}

// write puts a job in the place of what was there; false: that changed.
func (j *jobs) write(ctx context.Context, place string, was *keptJob, kept *keptJob, tells bool) (bool, error) {
	value, err := json.Marshal(kept)
	if err != nil {
		return false, fmt.Errorf("write a job: %w", err)
	}
	edit := partner.Edit{Key: keyJobs + place, New: value, TTL: jobsKept}
	var more []partner.Edit
	if was != nil {
		edit.Old = was.raw
	} else {
		place = placeOf(kept.Created, kept.ID)
		edit.Key = keyJobs + place
		more = append(more, partner.Edit{Key: keyJob + kept.ID, New: []byte(place), TTL: jobsKept})
	}
	if tells {
		news, err := newsOf(kept, j.base)
		if err != nil {
			return false, err
		}
		more = append(more, news)
	}
	edits := append(more, edit)
	ok, err := j.state().Change(ctx, edits...)
	if err != nil {
		return false, fmt.Errorf("keep a job: %w", err)
	}
	return ok, nil
}

// placeOf sorts jobs: the newest first, by the millisecond, then by id.
func placeOf(created time.Time, id string) string {
	const end = 1 << 48 // ms, in the year 10889
	return fmt.Sprintf("%012x/%s", max(end-1-created.UnixMilli(), 0), id)
}

// read returns a job without its items, and its place; nil: there is none.
func (j *jobs) read(ctx context.Context, id string) (place string, kept *keptJob, err error) {
	if id == "" || len(id) > mostJobID {
		return "", nil, nil
	}
	at, ok, err := j.state().Get(ctx, keyJob+id)
	if err != nil {
		return "", nil, fmt.Errorf("look up a job: %w", err)
	}
	if !ok {
		return "", nil, nil
	}
	value, ok, err := j.state().Get(ctx, keyJobs+string(at))
	if err != nil {
		return "", nil, fmt.Errorf("look up a job: %w", err)
	}
	if !ok {
		return "", nil, nil
	}
	kept, err = readJob(value)
	return string(at), kept, err
}

func readJob(value []byte) (*keptJob, error) {
	kept := keptJob{raw: value}
	if err := json.Unmarshal(value, &kept); err != nil {
		return nil, fmt.Errorf("read a job: %w", err)
	}
	return &kept, nil
}

// find returns a job with its items; nil: there is none.
func (j *jobs) find(ctx context.Context, id string) (*partner.Job, error) {
	_, kept, err := j.read(ctx, id)
	if kept == nil || err != nil {
		return nil, err
	}
	for n := range kept.Pieces {
		value, ok, err := j.state().Get(ctx, itemsKey(id, n))
		if err != nil {
			return nil, fmt.Errorf("look up items of a job: %w", err)
		}
		if !ok { // over by now
			break
		}
		var some []partner.JobItem
		if err := json.Unmarshal(value, &some); err != nil {
			return nil, fmt.Errorf("read items of a job: %w", err)
		}
		kept.Items = append(kept.Items, some...)
	}
	return &kept.Job, nil
}

// list returns jobs without items, the newest first, and where the next page
// starts.
func (j *jobs) list(ctx context.Context, cursor string, limit int) ([]partner.Job, string, error) {
	if limit <= 0 || limit > mostJobs {
		limit = mostJobs
	}
	if err := checkCursor(cursor); err != nil {
		return nil, "", err
	}
	after := ""
	if cursor != "" {
		after = keyJobs + cursor
	}
	keys, values, err := j.state().List(ctx, keyJobs, after, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list jobs: %w", err)
	}
	page, next := []partner.Job{}, ""
	for i := range values {
		if i == limit {
			next = strings.TrimPrefix(keys[i-1], keyJobs)
			break
		}
		kept, err := readJob(values[i])
		if err != nil {
			return nil, "", err
		}
		page = append(page, kept.Job)
	}
	return page, next, nil
}

// checkCursor refuses what is no place: it would be a key of the store's.
func checkCursor(cursor string) error {
	if len(cursor) > mostJobID+20 {
		return order.Refuse("cursor", order.Malformed, "not a cursor of ours")
	}
	for i := range len(cursor) {
		if cursor[i] < '!' || cursor[i] > '~' {
			return order.Refuse("cursor", order.Malformed, "not a cursor of ours")
		}
	}
	return nil
}
