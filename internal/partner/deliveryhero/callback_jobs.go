package deliveryhero

import (
	"context"
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
}

// newsOf is the edit that lets the end of a job be told. Keys sort by time.
func newsOf(kept *keptJob) (partner.Edit, error) {
	value, err := json.Marshal(jobNews{ID: kept.ID})
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
	keep := func(next []byte) error {
		edit := partner.Edit{Key: key, Old: value, New: next, TTL: jobsKept}
		if _, err := c.deps.At(c.deps.Shop).Change(ctx, edit); err != nil {
			return fmt.Errorf("keep what was told: %w", err)
		}
		return nil
	}
	_, kept, err := (&jobs{c.deps, c.deps.Shop}).read(ctx, news.ID)
	switch {
	case err != nil:
		return false, err
	case kept == nil || chain == nil || chain.Hook == nil || !chain.Hook.Catalog: // long over, or nobody wants to know
		return true, keep(nil)
	}
	body, err := json.Marshal(c.newsBody(chain, &kept.Job))
	if err != nil {
		return false, fmt.Errorf("write what is told: %w", err)
	}
	out := taken(c.post(ctx, chain.Hook, chain.Hook.JobURL, body))
	if out.Result == partner.ResultDelivered {
		return true, keep(nil)
	}
	news.Tries++
	again, most := tellAgain, tellTries
	if c.deps.Settings[fieldRetry].Text == retryOwn {
		again, most = min(tellAgain<<min(news.Tries-1, 20), tellRest), tellOwnTries
	}
	news.Next = c.deps.Now().UTC().Add(max(again, min(out.After, tellRest)))
	if news.Tries >= most {
		c.deps.Log.WarnContext(ctx, "the end of a job was not told", "job", news.ID, "tries", news.Tries, "reason", out.Reason)
		return false, keep(nil)
	}
	next, err := json.Marshal(news)
	if err != nil {
		return false, fmt.Errorf("write what is to be told: %w", err)
	}
	return false, keep(next)
}

// newsBody is what is told of a job.
func (c *callback) newsBody(chain *chain, job *partner.Job) wireNews {
	return wireNews{
		ID: job.ID, Status: jobWord(job.State), Vendor: job.Store,
		Download: strings.TrimRight(c.deps.PublicURL, "/") + "/" + name + downloadPath(c.deps.Access, chain, chain.Grant, job),
	}
}
