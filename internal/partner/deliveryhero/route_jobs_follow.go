package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// jobKind is how the jobs of a kind are asked about at the platform.
type jobKind struct {
	// path is what is asked, of the platform's id.
	path func(ref string) string
	// read makes of an answer how the job stands: it sets State, Reason, Taken,
	// Refused and Items, and may clear Open.Ref to have it sent again. The body
	// may be a webhook's. An error: it is no answer.
	read func(one *routeJob, body []byte) error
	// undo returns what is to be changed with a job that failed. Nil: nothing.
	undo func(ctx context.Context, one *routeJob) ([]partner.Edit, error)
}

const (
	// mostFollowedAtOnce is how many jobs one poll asks about (our choice): the
	// others have their turn with the next one.
	mostFollowedAtOnce = 20
	// followedFor is how long the platform is asked about a job (our choice).
	followedFor = 7 * 24 * time.Hour
	// mostHeard is how much of a webhook is kept; of a longer one only that it
	// came.
	mostHeard = 64 << 10
)

// lateAfter is how long a job of a kind may take. Source: the promotions' page
// (50 minutes at full size) and the catalogue's (30 minutes), seen 2026.
func lateAfter(kind string) time.Duration {
	if kind == partner.JobPromotion {
		return 50 * time.Minute
	}
	return 30 * time.Minute
}

// pauseOfAsking is how long to wait before a job is asked about again: it grows
// from 5 seconds to 5 minutes (our choice).
func pauseOfAsking(tries int) time.Duration {
	return min(5*time.Second<<min(tries, 10), 5*time.Minute)
}

// followJobs asks about the jobs of a kind that the platform has, where it is
// time or a webhook spoke of one.
func (r *route) followJobs(ctx context.Context, kind string, k jobKind) error {
	list, err := r.jobs().pending(ctx, kind)
	if err != nil || len(list) == 0 {
		return err
	}
	return r.followThese(ctx, list, k)
}

// followThese is followJobs for a list of jobs of one kind.
func (r *route) followThese(ctx context.Context, list []*routeJob, k jobKind) error {
	heard, err := r.jobs().allHeard(ctx)
	if err != nil {
		return err
	}
	now, asked := r.now(), 0
	for _, one := range list {
		said, spoken := heard[one.Job.ID]
		if one.Open.Ref == "" || now.Before(one.Open.Due) && !spoken || asked == mostFollowedAtOnce {
			continue
		}
		asked++
		if err := r.followJob(ctx, one, k, said); err != nil {
			return fmt.Errorf("job %s: %w", one.Job.ID, err)
		}
	}
	return nil
}

// followJob asks about one job. Its error stops the poll: the next call would
// fare no better.
func (r *route) followJob(ctx context.Context, one *routeJob, k jobKind, heard []byte) error {
	jobs := r.jobs()
	if err := jobs.load(ctx, one); err != nil {
		return err
	}
	reply, o, err := r.call(ctx, http.MethodGet, k.path(one.Open.Ref), nil)
	if tooLong := (*outbound.Error)(nil); errors.As(err, &tooLong) && tooLong.Op == outbound.OpTooBig {
		// Only what is over has so much to say.
		one.Job.State, one.Job.Reason = partner.JobCompleted, "the platform's answer is too long to be read: what was refused is not known"
		return r.endJob(ctx, one, k)
	}
	body, trouble := reply.Body, error(nil)
	switch v := failed(reply, o, err); {
	case v == nil:
	case v.Code == "http_404" && heard != nil:
		body = heard
	case v.Code == "http_404":
		return r.notThere(ctx, one, k)
	default:
		trouble = fmt.Errorf("%s: %s", v.Code, v.Reason)
	}
	if trouble == nil {
		trouble = k.read(one, body)
	}
	if heard != nil {
		one.Open.Tries = 0 // the pauses begin anew
		if err := jobs.mind(ctx, one); err != nil {
			return err
		}
	}
	return errors.Join(trouble, r.goOn(ctx, one, k, reply.RetryAfter, trouble != nil))
}

// goOn writes how a job stands.
func (r *route) goOn(ctx context.Context, one *routeJob, k jobKind, wish time.Duration, failed bool) error {
	now, o := r.now(), &one.Open
	switch {
	case !failed && over(one.Job.State):
		return r.endJob(ctx, one, k)
	case now.Sub(o.Sent) > followedFor:
		one.Job.State, one.Job.Reason = partner.JobFailed, "what became of it is not known: the platform did not say for a week"
		return r.endJob(ctx, one, k)
	case o.Ref != "":
		o.Due = now.Add(max(wish, pauseOfAsking(o.Tries)))
		o.Tries++
	}
	return r.jobs().save(ctx, one)
}

// notThere goes on with a job that the platform does not know, or not yet.
func (r *route) notThere(ctx context.Context, one *routeJob, k jobKind) error {
	if r.now().Sub(one.Open.Sent) <= lateAfter(one.Open.Kind) {
		return r.goOn(ctx, one, k, 0, true)
	}
	one.Job.State, one.Job.Reason = partner.JobFailed, "what became of it is not known: the platform knows no such job"
	return r.endJob(ctx, one, k)
}

func (r *route) endJob(ctx context.Context, one *routeJob, k jobKind) error {
	var edits []partner.Edit
	if one.Job.State == partner.JobFailed && k.undo != nil {
		var err error
		if edits, err = k.undo(ctx, one); err != nil {
			return err
		}
	}
	// Who loses against somebody else finds the job ended, or tries again.
	_, err := r.jobs().end(ctx, one, edits...)
	return err
}

func over(s partner.JobState) bool {
	return s == partner.JobCompleted || s == partner.JobFailed || s == partner.JobDuplicate
}

// heard keeps what a webhook says of a job, so that it is asked about at once.
// What it says is believed only where the platform, asked, knows nothing: the
// body is not documented. Jobs that are not ours are passed over.
func (r *route) heard(ctx context.Context, body []byte) error {
	var said struct {
		ID loose `json:"job_id"`
	}
	if err := json.UnmarshalInput(body, &said); err != nil {
		if bad, ok := json.Invalid(err); ok {
			return bad
		}
		return err
	}
	if said.ID == "" || len(said.ID) > mostRef {
		return order.Refuse("job_id", order.Malformed, "is no id of a job")
	}
	jobs := r.jobs()
	id, ok, err := jobs.state.Get(ctx, jobs.key("ref", string(said.ID)))
	if err != nil || !ok {
		return wrapped("look up job", err)
	}
	n, _ := jobNumber(string(id))
	if _, ok, err = jobs.state.Get(ctx, jobs.key("open", upward(n))); err != nil || !ok {
		return wrapped("look up job", err)
	}
	if len(body) > mostHeard {
		body = []byte{}
	}
	return wrapped("keep what was heard", jobs.state.Put(ctx, jobs.key("heard", upward(n)), body, followedFor))
}

// mostRef is how long an id of the platform may be.
const mostRef = 200

// allHeard returns by job what webhooks said.
func (j *routeJobs) allHeard(ctx context.Context) (map[string][]byte, error) {
	prefix := j.key("heard", "")
	keys, values, err := j.state.List(ctx, prefix, "", 100)
	if err != nil {
		return nil, fmt.Errorf("list what was heard: %w", err)
	}
	out := map[string][]byte{}
	for i, key := range keys {
		if n, err := strconv.ParseInt(key[len(prefix):], 16, 64); err == nil {
			out[strconv.FormatInt(n, 10)] = values[i]
		}
	}
	return out, nil
}

// mind removes what was heard of a job: it was asked about since.
func (j *routeJobs) mind(ctx context.Context, one *routeJob) error {
	n, _ := jobNumber(one.Job.ID)
	return wrapped("forget what was heard", j.state.Delete(ctx, j.key("heard", upward(n))))
}

// mostTold bounds the sentences of one kind of trouble.
const mostTold = 20

// waitsTooLong is after which time people hear of a job that the platform does
// not take (our choice).
const waitsTooLong = 10 * time.Minute

// jobTroubles are sentences on jobs that failed, are late, or can not be handed
// over.
func (r *route) jobTroubles(ctx context.Context) ([]string, error) {
	jobs := r.jobs()
	_, failed, err := jobs.state.List(ctx, jobs.key("failed", ""), "", mostTold)
	if err != nil {
		return nil, fmt.Errorf("list failed jobs: %w", err)
	}
	var said []string
	for _, sentence := range failed {
		said = append(said, string(sentence))
	}
	list, err := jobs.pending(ctx, "")
	if err != nil {
		return nil, err
	}
	now, told := r.now(), 0
	for _, one := range list {
		sentence := one.trouble(now)
		if sentence == "" || told == mostTold {
			continue
		}
		told++
		said = append(said, sentence)
	}
	return said, nil
}

func (one *routeJob) trouble(now time.Time) string {
	o := &one.Open
	switch late := lateAfter(o.Kind); {
	case o.Ref != "" && now.Sub(o.Sent) > late:
		return fmt.Sprintf("job %s (%s) is with the platform for more than %d minutes and not over", one.Job.ID, titleOf(o.Kind, o.Name), int(late.Minutes()))
	case o.Ref == "" && o.Code != "" && now.Sub(o.Begun) > waitsTooLong:
		return fmt.Sprintf("job %s (%s) can not be handed to the platform: %s", one.Job.ID, titleOf(o.Kind, o.Name), o.Code)
	}
	return ""
}

func failedSentence(job *partner.Job) string {
	return fmt.Sprintf("job %s (%s) failed: %s", job.ID, titleOf(job.Kind, job.Name), job.Reason)
}

func titleOf(kind, name string) string {
	if name == "" {
		return kind
	}
	return kind + " " + name
}
