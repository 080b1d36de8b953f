package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// mostSentAtOnce is how many promotions one poll hands over (our choice).
const mostSentAtOnce = 20

// pauseOfSending is how long to wait before a promotion is sent again: from one
// second to 32, as the vendor's advice has it (seen 2026), and 5 minutes after
// ten times (our choice).
func pauseOfSending(tries int) time.Duration {
	if tries > 10 {
		return 5 * time.Minute
	}
	return time.Second << min(tries, 5)
}

// pauseOfRepeat is how long a body waits that the platform calls a duplicate of
// one whose answer never came (our choice): the first one will be over by then,
// and the next answer says what came of it.
const pauseOfRepeat = 2 * time.Minute

func (r *route) pollPromotions(ctx context.Context) error {
	if r.files != nil {
		return r.filePromotions(ctx)
	}
	list, err := r.jobs().pending(ctx, partner.JobPromotion)
	if err != nil || len(list) == 0 {
		return err
	}
	p := r.promotions
	return errors.Join(p.send(ctx, list), r.followThese(ctx, list, jobKind{path: p.jobPath, read: p.read, undo: p.undo}))
}

func (p *routePromotions) path() string {
	return "/chains/" + url.PathEscape(p.route.chain) + "/promotion"
}

func (p *routePromotions) jobPath(ref string) string {
	return p.path() + "/jobs/" + url.PathEscape(ref)
}

// send hands over what waits, in the sequence in which it came. What changes a
// promotion waits until the job before it, of the same promotion, is over: the
// platform says nothing of the sequence in which it runs jobs.
func (p *routePromotions) send(ctx context.Context, list []*routeJob) error {
	busy, sent, now := map[string]bool{}, 0, p.route.now()
	for _, one := range list {
		var own ownPromotion
		if err := json.Unmarshal(one.Open.Own, &own); err != nil {
			return fmt.Errorf("read promotion: %w", err)
		}
		waits := busy[own.Identity] || one.Open.Ref != "" || now.Before(one.Open.Due) || sent == mostSentAtOnce
		busy[own.Identity] = true
		if waits {
			continue
		}
		sent++
		if err := p.sendOne(ctx, one, &own); err != nil {
			return fmt.Errorf("hand over promotion, job %s: %w", one.Job.ID, err)
		}
	}
	return nil
}

// sendOne sends a body. Its error stops the poll: the next one would fare no
// better.
func (p *routePromotions) sendOne(ctx context.Context, one *routeJob, own *ownPromotion) error {
	if err := p.route.jobs().load(ctx, one); err != nil {
		return err
	}
	if !p.route.now().Before(own.End) {
		return p.fail(ctx, one, "the promotion was over before it could be handed over")
	}
	body, err := p.bytesOf(ctx, own.Body)
	if err != nil {
		return err
	}
	if body == nil {
		return p.fail(ctx, one, "what was to be sent is not kept any more")
	}
	// Written before it leaves: whoever goes on after a crash knows that it may
	// have arrived.
	before := own.Unclear
	own.Unclear = true
	if ok, err := p.tryKeep(ctx, one, own); err != nil || !ok {
		return err
	}
	reply, o, err := p.route.call(ctx, http.MethodPut, p.path(), body)
	own.Unclear = before
	switch v := failed(reply, o, err); {
	case v == nil:
		return p.taken(ctx, one, own, reply.Body)
	case v.Result == partner.ResultRefused && v.Scope == partner.ScopeOrder && reply.Status != http.StatusNotFound:
		return p.fail(ctx, one, v.Code+": "+v.Reason)
	default:
		own.Unclear = own.Unclear || v.Result == partner.ResultUnknown
		// Written even where the poll is ended: it may have arrived.
		held := p.hold(context.WithoutCancel(ctx), one, own, v.After, v.Code)
		return errors.Join(fmt.Errorf("%s: %s", v.Code, v.Reason), held)
	}
}

// taken goes on with a body that the platform took: its job is asked about.
func (p *routePromotions) taken(ctx context.Context, one *routeJob, own *ownPromotion, body []byte) error {
	now, o := p.route.now(), &one.Open
	answer, err := readJobAnswer(body)
	if err != nil || answer.ID == "" || len(answer.ID) > mostRef {
		one.Job.State = partner.JobCompleted
		one.Job.Reason = "the platform took it and named no job: what was refused is not known"
		_, err := p.route.jobs().end(ctx, one)
		return err
	}
	o.Ref, one.Job.Ref, o.Tries, o.Code = string(answer.ID), string(answer.ID), 1, ""
	if o.Sent.IsZero() {
		o.Sent = now
	}
	o.Due = now.Add(pauseOfAsking(0))
	return p.keep(ctx, one, own)
}

// hold lets a body wait before it is sent again.
func (p *routePromotions) hold(ctx context.Context, one *routeJob, own *ownPromotion, wish time.Duration, code string) error {
	o := &one.Open
	o.Due = p.route.now().Add(max(wish, pauseOfSending(o.Tries)))
	o.Tries++
	o.Code = code
	return p.keep(ctx, one, own)
}

func (p *routePromotions) keep(ctx context.Context, one *routeJob, own *ownPromotion) error {
	_, err := p.tryKeep(ctx, one, own)
	return err
}

// tryKeep is keep; false: somebody else wrote the job meanwhile.
func (p *routePromotions) tryKeep(ctx context.Context, one *routeJob, own *ownPromotion) (ok bool, err error) {
	if one.Open.Own, err = json.Marshal(own); err != nil {
		return false, fmt.Errorf("encode promotion: %w", err)
	}
	return p.route.jobs().trySave(ctx, one)
}

// fail ends a job that the platform does not take.
func (p *routePromotions) fail(ctx context.Context, one *routeJob, reason string) error {
	one.Job.State, one.Job.Reason = partner.JobFailed, reason
	return p.route.endJob(ctx, one, jobKind{undo: p.undo})
}

// read makes of the platform's answer how a job stands.
func (p *routePromotions) read(one *routeJob, body []byte) error {
	answer, err := readJobAnswer(body)
	if err != nil {
		return fmt.Errorf("read the platform's job: %w", err)
	}
	var own ownPromotion
	if err := json.Unmarshal(one.Open.Own, &own); err != nil {
		return fmt.Errorf("read promotion: %w", err)
	}
	state := answer.state()
	if state == "" {
		return errors.New("read the platform's job: it says no state")
	}
	if state == partner.JobDuplicate && own.Unclear && p.route.now().Sub(one.Open.Sent) < lateAfter(partner.JobPromotion) {
		// Of the body that we sent before, without hearing of it.
		one.Open.Ref, one.Open.Due = "", p.route.now().Add(pauseOfRepeat)
		one.Open.Tries = 0
		return nil
	}
	one.Job.State = state
	switch state {
	case partner.JobFailed:
		one.Job.Reason = partnerWords(body)
	case partner.JobDuplicate:
		one.Job.Reason = "the platform has the same promotion under way already"
	case partner.JobCompleted:
		p.completed(one, &own, answer)
	}
	return nil
}

// completed reckons up what was taken and what was not.
func (p *routePromotions) completed(one *routeJob, own *ownPromotion, answer *jobAnswer) {
	job := &one.Job
	job.Items, job.Refused = answer.items(func(vendor string) string { return p.route.storeOf(vendor, "") }, own.SKUs)
	if total := own.Stores * own.SKUs; total > 0 {
		job.Taken = max(total-job.Refused, 0)
	}
	for _, store := range own.Outside {
		job.Items = append(job.Items, partner.JobItem{Store: store, Reason: whyOutside})
	}
	job.Refused += own.Left * own.SKUs
	job.Cut = own.Left > int64(len(own.Outside))
	if job.Refused > 0 {
		job.Reason = "refused in part"
		if own.Stores > 0 && job.Taken == 0 {
			job.Reason = "all of it was refused"
		}
	}
}

// undo lets what was sent before count again as what the platform has, because
// the newest body failed.
func (p *routePromotions) undo(ctx context.Context, one *routeJob) ([]partner.Edit, error) {
	var own ownPromotion
	if err := json.Unmarshal(one.Open.Own, &own); err != nil {
		return nil, fmt.Errorf("read promotion: %w", err)
	}
	raw, known, err := p.known(ctx, own.Identity)
	if err != nil || known == nil || known.Job != one.Job.ID {
		return nil, err
	}
	edit := partner.Edit{Key: p.key("known", own.Identity), Old: raw}
	if known.Before != nil {
		if edit.New, err = json.Marshal(known.Before); err != nil {
			return nil, fmt.Errorf("encode promotion: %w", err)
		}
		edit.TTL = max(own.End.Sub(p.route.now()), 0) + promotionKept
	}
	return []partner.Edit{edit}, nil
}
