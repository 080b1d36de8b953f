package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// pollJobs is how soon a job's end is told (our choice).
const pollJobs = 2 * time.Second

// How the end of a job is told: as often as an order's state is. How the
// platform repeats it, no page says (inferred).
const (
	tellTries = 6
	tellAgain = 10 * time.Second
	tellFor   = 20 * time.Second // of one poll
	mostNews  = 50               // of one poll

	// Where the hub's own schedule is wished for: twice as long each time, for
	// about two days.
	tellRest     = time.Hour
	tellOwnTries = 56

	// That the receiver was given up on is said until it takes a job's end, or for
	// so long.
	keyUntold = "job-untold"
	untoldFor = 24 * time.Hour
)

// wireNews is the body that tells the end of a job; source: two clients (seen
// 2026). It says status where answers say job_status.
type wireNews struct {
	ID       string `json:"job_id"`
	Status   word   `json:"status"`
	Vendor   string `json:"platform_vendor_id,omitzero"`
	Download string `json:"download_url,omitzero"`
}

// jobNews is that the end of a job is still to be told.
type jobNews struct {
	ID    string    `json:"id"`
	Tries int       `json:"tries,omitzero"`
	Next  time.Time `json:"next,omitzero"`
	Base  string    `json:"base,omitzero"` // address of the door as who asked for the job reaches it
}

// newsOf is the edit that lets the end of a job be told. Keys sort by time.
func newsOf(kept *keptJob, base string) (partner.Edit, error) {
	value, err := json.Marshal(jobNews{ID: kept.ID, Base: base})
	if err != nil {
		return partner.Edit{}, fmt.Errorf("write what is to be told: %w", err)
	}
	key := fmt.Sprintf("%s%016x/%s", keyJobNews, kept.Updated.UnixMicro(), kept.ID)
	return partner.Edit{Key: key, New: value, TTL: jobsKept}, nil
}

// tellJobs tells the chain's receiver of jobs that ended, the first one first,
// until there is nothing to be told now. A receiver that does not answer is
// left alone until the next poll, and what was tried often enough is dropped.
func (c *callback) tellJobs(ctx context.Context) error {
	state := c.deps.At(c.deps.Shop)
	keys, values, err := state.List(ctx, keyJobNews, "", mostNews)
	if err != nil || len(keys) == 0 {
		return err
	}
	chain, err := c.chains.of(ctx, c.deps.Shop)
	if err != nil {
		return err
	}
	began := c.deps.Now()
	for i := range keys {
		if c.deps.Now().Sub(began) > tellFor || ctx.Err() != nil {
			break
		}
		goOn, err := c.tellJob(ctx, chain, keys[i], values[i])
		if err != nil || !goOn {
			return err
		}
	}
	return nil
}

// tellJob tells of one job, if it is time, and keeps what came of it; false: the
// receiver did not take it.
func (c *callback) tellJob(ctx context.Context, chain *chain, key string, value []byte) (bool, error) {
	var news jobNews
	if err := json.Unmarshal(value, &news); err != nil {
		return false, fmt.Errorf("read what is to be told: %w", err)
	}
	if c.deps.Now().Before(news.Next) {
		return true, nil
	}
	keep := func(next []byte, more ...partner.Edit) error {
		edits := append(more, partner.Edit{Key: key, Old: value, New: next, TTL: jobsKept})
		if _, err := c.deps.At(c.deps.Shop).Change(ctx, edits...); err != nil {
			return fmt.Errorf("keep what was told: %w", err)
		}
		return nil
	}
	place, kept, err := (&jobs{deps: c.deps, shop: c.deps.Shop}).read(ctx, news.ID)
	switch {
	case err != nil:
		return false, err
	case kept == nil || chain == nil || chain.Hook == nil || !chain.Hook.Catalog: // long over, or nobody wants to know
		return true, keep(nil)
	}
	body, err := json.Marshal(c.newsBody(chain, &kept.Job, news.Base))
	if err != nil {
		return false, fmt.Errorf("write what is told: %w", err)
	}
	out := c.post(ctx, chain.Hook, chain.Hook.JobURL, body)
	if out.Result == partner.ResultDelivered {
		return true, errors.Join(keep(nil), c.untold(ctx, false))
	}
	news.Tries++
	again, most := tellAgain, tellTries
	if c.deps.Settings[fieldRetry].Text == retryOwn {
		again, most = min(tellAgain<<min(news.Tries-1, 20), tellRest), tellOwnTries
	}
	news.Next = c.deps.Now().UTC().Add(max(again, min(out.After, tellRest)))
	if news.Tries >= most {
		c.deps.Log.WarnContext(ctx, "the end of a job was not told", "job", news.ID, "tries", news.Tries, "reason", out.Reason)
		noted, err := noteUntold(place, kept, fmt.Sprintf("the receiver was not told of the end, after %d tries: %s", news.Tries, out.Reason))
		if err != nil {
			return false, err
		}
		return false, errors.Join(keep(nil, noted), c.untold(ctx, true))
	}
	next, err := json.Marshal(news)
	if err != nil {
		return false, fmt.Errorf("write what is to be told: %w", err)
	}
	return false, keep(next)
}

// noteUntold is the edit that says in a job that nobody was told of it.
func noteUntold(place string, kept *keptJob, words string) (partner.Edit, error) {
	noted := *kept
	if noted.Reason != "" {
		words = noted.Reason + "; " + words
	}
	noted.Reason = words
	value, err := json.Marshal(&noted)
	if err != nil {
		return partner.Edit{}, fmt.Errorf("write a job: %w", err)
	}
	return partner.Edit{Key: keyJobs + place, Old: kept.raw, New: value, TTL: jobsKept}, nil
}

// untold keeps whether the receiver was last given up on; it is no more when it
// takes a job's end.
func (c *callback) untold(ctx context.Context, is bool) error {
	state := c.deps.At(c.deps.Shop)
	_, was, err := state.Get(ctx, keyUntold)
	switch {
	case err != nil || was == is:
	case is:
		err = state.Put(ctx, keyUntold, []byte("1"), untoldFor)
	default:
		err = state.Delete(ctx, keyUntold)
	}
	if err != nil {
		return fmt.Errorf("keep whether jobs are told: %w", err)
	}
	return nil
}

// jobTroubles says that the chain misses the ends of jobs.
func (c *callback) jobTroubles(ctx context.Context) ([]string, error) {
	_, is, err := c.deps.At(c.deps.Shop).Get(ctx, keyUntold)
	if err != nil || !is {
		return nil, err
	}
	return []string{"the chain's receiver did not take the end of some jobs, and is not told of them again: `ordermux jobs list --partner deliveryhero` names them"}, nil
}

// newsBody is what is told of a job; without a link to its file where nobody
// knows the hub's address.
func (c *callback) newsBody(chain *chain, job *partner.Job, base string) wireNews {
	news := wireNews{ID: job.ID, Status: jobWord(job.State), Vendor: job.Store}
	if base == "" && c.deps.PublicURL != "" {
		base = strings.TrimRight(c.deps.PublicURL, "/") + "/" + name
	}
	if base != "" {
		news.Download = base + downloadPath(c.deps.Access, chain, chain.Grant, job)
	}
	return news
}
