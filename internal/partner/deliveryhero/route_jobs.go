package deliveryhero

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// A route's jobs stand in the connection's State, of every kind in one list.
// The keys have the route's name: routes may share a connection.
//
//	jobs/last/<route>             the number of the newest, which is its id
//	jobs/all/<route>/<number>     partner.Job without items; counted down, so that the newest comes first
//	jobs/open/<route>/<number>    openJob, until it is over
//	jobs/items/<route>/<number>/… what was refused, in pieces
//	jobs/ref/<route>/<platform's> the number, for webhooks
//	jobs/heard/<route>/<number>   what a webhook said, until it was minded
//	jobs/failed/<route>/<number>  what people should hear of, for a day
type routeJobs struct {
	state partner.State
	route string
	now   func() time.Time
}

func (r *route) jobs() *routeJobs {
	return &routeJobs{state: r.deps.State, route: r.deps.Route, now: r.deps.Now}
}

const (
	// routeJobsKept is for how long a job that is over can be asked about.
	routeJobsKept = 30 * 24 * time.Hour
	// mostRouteItems bounds what is kept of the refusals of a job.
	mostRouteItems = 10_000
	// itemsAtOnce is how many refusals stand in a piece: well below 1 MB, which
	// is the most that a value may have.
	itemsAtOnce = 1000
	// failedTold is for how long people are told of a job that failed.
	failedTold = 24 * time.Hour
)

// openJob says how a job that is not over is gone on with.
type openJob struct {
	Kind  string     `json:"kind"`
	Name  string     `json:"name,omitzero"`
	Begun time.Time  `json:"begun"`
	Ref   string     `json:"ref,omitzero"`  // the platform's id; "": it is to be sent (again)
	Sent  time.Time  `json:"sent,omitzero"` // when the platform took it first
	Due   time.Time  `json:"due"`           // when to send it, or to ask about it, next
	Tries int        `json:"tries"`         // of sending, or of asking, since the last word
	Code  string     `json:"code,omitzero"` // of the last try that came to nothing
	Own   json.Value `json:"own,omitzero"`  // the kind's
}

// routeJob is a job with what was read of it, to be compared when it is
// written.
type routeJob struct {
	Job  partner.Job
	Open openJob

	job, open []byte
}

func (j *routeJobs) key(what, rest string) string { return "jobs/" + what + "/" + j.route + "/" + rest }
func (j *routeJobs) lastKey() string              { return "jobs/last/" + j.route }

func jobNumber(id string) (int64, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == id
}

func upward(n int64) string   { return fmt.Sprintf("%016x", n) }
func downward(n int64) string { return fmt.Sprintf("%016x", math.MaxInt64-n) }

// begin keeps a new job, as queued, and gives it its id. The edits are made
// with it. False: somebody else began one, or an edit found something else;
// who looks again may try again.
func (j *routeJobs) begin(ctx context.Context, job *partner.Job, open *openJob, edits ...partner.Edit) (bool, error) {
	before, n, err := j.last(ctx)
	if err != nil {
		return false, err
	}
	return j.beginAfter(ctx, before, n, job, open, edits...)
}

// beginAfter is begin for whoever has read what the newest job is, as it stands
// in the State too: the new one has the next number, or is not begun.
func (j *routeJobs) beginAfter(ctx context.Context, before []byte, n int64, job *partner.Job, open *openJob, edits ...partner.Edit) (bool, error) {
	n++
	at := j.now().UTC()
	job.ID, job.State, job.Created, job.Updated = strconv.FormatInt(n, 10), partner.JobQueued, at, at
	open.Kind, open.Name, open.Begun = job.Kind, job.Name, at
	record, err := json.Marshal(job)
	if err != nil {
		return false, fmt.Errorf("encode job: %w", err)
	}
	opened, err := json.Marshal(open)
	if err != nil {
		return false, fmt.Errorf("encode open job: %w", err)
	}
	ok, err := j.state.Change(ctx, append(slices.Clone(edits),
		partner.Edit{Key: j.lastKey(), Old: before, New: strconv.AppendInt(nil, n, 10)},
		partner.Edit{Key: j.key("all", downward(n)), New: record},
		partner.Edit{Key: j.key("open", upward(n)), New: opened})...)
	if err != nil {
		return false, fmt.Errorf("begin job: %w", err)
	}
	return ok, nil
}

func (j *routeJobs) last(ctx context.Context) (raw []byte, n int64, err error) {
	raw, ok, err := j.state.Get(ctx, j.lastKey())
	if err != nil {
		return nil, 0, fmt.Errorf("read the newest job: %w", err)
	}
	if !ok {
		return nil, 0, nil
	}
	if n, err = strconv.ParseInt(string(raw), 10, 64); err != nil {
		return nil, 0, fmt.Errorf("read the newest job: %w", err)
	}
	return raw, n, nil
}

// pending returns the jobs of a kind ("": any) that are not over, the oldest
// first. Their records are not read: see load.
func (j *routeJobs) pending(ctx context.Context, kind string) ([]*routeJob, error) {
	prefix := j.key("open", "")
	var list []*routeJob
	for after := ""; ; {
		keys, values, err := j.state.List(ctx, prefix, after, 100)
		if err != nil {
			return nil, fmt.Errorf("list open jobs: %w", err)
		}
		for i, raw := range values {
			one := &routeJob{open: raw}
			if err := json.Unmarshal(raw, &one.Open); err != nil {
				return nil, fmt.Errorf("read open job: %w", err)
			}
			n, err := strconv.ParseInt(keys[i][len(prefix):], 16, 64)
			if err != nil {
				return nil, fmt.Errorf("read open job: %w", err)
			}
			one.Job.ID = strconv.FormatInt(n, 10)
			if kind == "" || one.Open.Kind == kind {
				list = append(list, one)
			}
		}
		if len(keys) < 100 {
			return list, nil
		}
		after = keys[len(keys)-1]
	}
}

// load reads the record of a job that is not over.
func (j *routeJobs) load(ctx context.Context, one *routeJob) error {
	n, _ := jobNumber(one.Job.ID)
	raw, ok, err := j.state.Get(ctx, j.key("all", downward(n)))
	switch {
	case err != nil:
		return fmt.Errorf("read job: %w", err)
	case !ok:
		one.Job = partner.Job{ID: one.Job.ID, Kind: one.Open.Kind, Name: one.Open.Name, State: partner.JobQueued, Created: one.Open.Begun}
		return nil
	}
	one.job = raw
	if err := json.Unmarshal(raw, &one.Job); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	return nil
}

// save writes how a job stands that is not over. One that somebody else wrote
// meanwhile stays as that one says.
func (j *routeJobs) save(ctx context.Context, one *routeJob) error {
	_, err := j.trySave(ctx, one)
	return err
}

// trySave is save; false: somebody else wrote the job meanwhile.
func (j *routeJobs) trySave(ctx context.Context, one *routeJob) (bool, error) {
	n, _ := jobNumber(one.Job.ID)
	one.Job.Updated = j.now().UTC()
	record, err := json.Marshal(&one.Job)
	if err != nil {
		return false, fmt.Errorf("encode job: %w", err)
	}
	open, err := json.Marshal(&one.Open)
	if err != nil {
		return false, fmt.Errorf("encode open job: %w", err)
	}
	if one.Open.Ref != "" {
		if err := j.state.Put(ctx, j.key("ref", one.Open.Ref), []byte(one.Job.ID), routeJobsKept); err != nil {
			return false, fmt.Errorf("keep the platform's id: %w", err)
		}
	}
	ok, err := j.state.Change(ctx,
		partner.Edit{Key: j.key("all", downward(n)), Old: one.job, New: record},
		partner.Edit{Key: j.key("open", upward(n)), Old: one.open, New: open})
	if err != nil || !ok {
		return false, wrapped("keep job", err)
	}
	one.job, one.open = record, open
	return true, nil
}

// end writes what became of a job, with what was refused of it, and makes the
// edits with it. False: somebody else wrote it meanwhile, or an edit found
// something else.
func (j *routeJobs) end(ctx context.Context, one *routeJob, edits ...partner.Edit) (bool, error) {
	n, _ := jobNumber(one.Job.ID)
	items := one.Job.Items
	if len(items) > mostRouteItems {
		items, one.Job.Cut = items[:mostRouteItems], true
	}
	piece := 0
	for some := range slices.Chunk(items, itemsAtOnce) {
		b, err := json.Marshal(some)
		if err == nil {
			err = j.state.Put(ctx, j.key("items", upward(n))+"/"+upward(int64(piece)), b, routeJobsKept)
		}
		if err != nil {
			return false, fmt.Errorf("keep what was refused: %w", err)
		}
		piece++
	}
	record := one.Job
	record.Items, record.Updated = nil, j.now().UTC()
	b, err := json.Marshal(&record)
	if err != nil {
		return false, fmt.Errorf("encode job: %w", err)
	}
	ok, err := j.state.Change(ctx, append(slices.Clone(edits),
		partner.Edit{Key: j.key("all", downward(n)), Old: one.job, New: b, TTL: routeJobsKept},
		partner.Edit{Key: j.key("open", upward(n)), Old: one.open})...)
	if err != nil || !ok {
		return ok, wrapped("end job", err)
	}
	if record.State == partner.JobFailed {
		if err := j.state.Put(ctx, j.key("failed", upward(n)), []byte(failedSentence(&record)), failedTold); err != nil {
			return true, fmt.Errorf("tell of a failed job: %w", err)
		}
	}
	return true, wrapped("forget what was heard", j.state.Delete(ctx, j.key("heard", upward(n))))
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// find returns a job with its items; nil: there is none, or it is long over.
func (j *routeJobs) find(ctx context.Context, id string) (*partner.Job, error) {
	n, ok := jobNumber(id)
	if !ok {
		return nil, nil
	}
	raw, ok, err := j.state.Get(ctx, j.key("all", downward(n)))
	if err != nil || !ok {
		return nil, wrapped("read job", err)
	}
	var job partner.Job
	if err := json.Unmarshal(raw, &job); err != nil {
		return nil, fmt.Errorf("read job: %w", err)
	}
	_, pieces, err := j.state.List(ctx, j.key("items", upward(n))+"/", "", mostRouteItems/itemsAtOnce+1)
	if err != nil {
		return nil, fmt.Errorf("read what was refused: %w", err)
	}
	for _, b := range pieces {
		var some []partner.JobItem
		if err := json.Unmarshal(b, &some); err != nil {
			return nil, fmt.Errorf("read what was refused: %w", err)
		}
		job.Items = append(job.Items, some...)
	}
	return &job, nil
}

// list returns jobs, the newest first, without their items.
func (j *routeJobs) list(ctx context.Context, cursor string, limit int) (page []partner.Job, next string, err error) {
	prefix := j.key("all", "")
	after := ""
	if cursor != "" {
		after = prefix + cursor
	}
	keys, values, err := j.state.List(ctx, prefix, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list jobs: %w", err)
	}
	for _, raw := range values {
		var job partner.Job
		if err := json.Unmarshal(raw, &job); err != nil {
			return nil, "", fmt.Errorf("read job: %w", err)
		}
		page = append(page, job)
	}
	if len(keys) == limit && limit > 0 {
		next = keys[len(keys)-1][len(prefix):]
	}
	return page, next, nil
}

// addJobs makes the route's jobs the side's.
func (r *route) addJobs(side *partner.Side) {
	side.Jobs = func(ctx context.Context, _, cursor string, limit int) ([]partner.Job, string, error) {
		return r.jobs().list(ctx, cursor, limit)
	}
	side.Job = func(ctx context.Context, _, id string) (*partner.Job, error) { return r.jobs().find(ctx, id) }
	others := side.Troubles
	side.Troubles = func(ctx context.Context) ([]string, error) {
		said, err := r.jobTroubles(ctx)
		if err != nil || others == nil {
			return said, err
		}
		more, err := others(ctx)
		return append(said, more...), err
	}
}
