package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/promotion"
)

// bench is a hub whose clock stands still until it is moved.
type jobBench struct {
	*testing.T
	mu   sync.Mutex
	now  time.Time
	hub  *partnertest.Hub
	deps partner.Deps
	jobs *jobs
}

func newJobBench(t *testing.T) *jobBench {
	b := &jobBench{T: t, now: time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)}
	b.hub = partnertest.NewHub(func() time.Time {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.now
	})
	b.deps = b.hub.Deps(Partner)
	b.jobs = &jobs{deps: b.deps, shop: partnertest.Shop}
	return b
}

func (b *jobBench) move(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *jobBench) ended(job *partner.Job) *partner.Job {
	b.Helper()
	if err := b.jobs.end(b.Context(), job, false); err != nil {
		b.Fatal(err)
	}
	return job
}

func (b *jobBench) found(id string) *partner.Job {
	b.Helper()
	job, err := b.jobs.find(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return job
}

func TestJobsNewestFirst(t *testing.T) {
	t.Parallel()
	b := newJobBench(t)
	var want []string
	for i := range 7 {
		job := b.ended(&partner.Job{Kind: partner.JobCatalog, Store: "290056", Taken: int64(i)})
		want = append(want, job.ID)
		b.move(time.Millisecond)
	}
	slices.Reverse(want)
	for _, limit := range []int{1, 2, 7, 100} {
		var got []string
		for cursor := ""; ; {
			page, next, err := b.jobs.list(t.Context(), cursor, limit)
			if err != nil || len(page) > limit || len(got) > 7 {
				t.Fatal(page, err)
			}
			for _, job := range page {
				got = append(got, job.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d: %v instead of %v", limit, got, want)
		}
	}
	if !slices.IsSorted([]string{want[6], want[5], want[4]}) {
		t.Errorf("ids do not sort by time: %v", want)
	}
	for _, cursor := range []string{"a\x00b", "jobs/ü", strings.Repeat("x", 300)} {
		var invalid *order.Invalid
		if _, _, err := b.jobs.list(t.Context(), cursor, 1); !errors.As(err, &invalid) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
	b.move(jobsKept + time.Minute)
	if page, _, err := b.jobs.list(t.Context(), "", 10); len(page) != 0 || err != nil || b.found(want[0]) != nil {
		t.Errorf("after their time: %v %v", page, err)
	}
}

// TestJobAgain begins a job anew: it keeps its place, and nothing of what came
// of it before.
func TestJobAgain(t *testing.T) {
	t.Parallel()
	b := newJobBench(t)
	file := func() *partner.Job { return &partner.Job{ID: "upload-1", Kind: partner.JobFile, Name: "shop.csv"} }
	job := file()
	if err := b.jobs.start(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	began := job.Created
	if got := b.found("upload-1"); got.State != partner.JobInProgress || !got.Created.Equal(b.now) {
		t.Errorf("%+v", got)
	}
	b.move(time.Minute)
	job = file()
	job.State, job.Reason = partner.JobFailed, "the header is missing"
	job.Items = []partner.JobItem{{Line: 1, Reason: "sku: is missing"}}
	b.ended(job)
	if got := b.found("upload-1"); got.State != partner.JobFailed || len(got.Items) != 1 || !got.Created.Equal(began) || !got.Updated.Equal(b.now) {
		t.Errorf("%+v", got)
	}
	if err := b.jobs.start(t.Context(), file()); err != nil {
		t.Fatal(err)
	}
	if got := b.found("upload-1"); got.State != partner.JobInProgress || got.Items != nil || got.Reason != "" || !got.Created.Equal(began) {
		t.Errorf("%+v", got)
	}
	b.ended(file())
	if page, _, err := b.jobs.list(t.Context(), "", 10); len(page) != 1 || page[0].State != partner.JobCompleted || err != nil {
		t.Errorf("%+v %v", page, err)
	}
	if err := b.jobs.end(t.Context(), &partner.Job{ID: strings.Repeat("x", 300)}, false); err == nil {
		t.Error("an id without end was taken")
	}
	if b.found("nothing") != nil || b.found("") != nil || b.found(strings.Repeat("x", 300)) != nil {
		t.Error("found what nobody made")
	}
}

// TestJobItems keeps as many items as there is room for, and says so.
func TestJobItems(t *testing.T) {
	t.Parallel()
	b := newJobBench(t)
	job := &partner.Job{Kind: partner.JobCatalog, Refused: mostItems + 1}
	for i := range mostItems + 1 {
		job.Items = append(job.Items, partner.JobItem{SKU: fmt.Sprint("SKU-", i), Reason: "sku: no product has it"})
	}
	job.Items[0].Reason = strings.Repeat("ü", 1000)
	b.ended(job)
	got := b.found(job.ID)
	if len(got.Items) != mostItems || !got.Cut || got.Refused != mostItems+1 || got.Items[mostItems-1].SKU != fmt.Sprint("SKU-", mostItems-1) {
		t.Errorf("%d items, cut %v, %d refused", len(got.Items), got.Cut, got.Refused)
	}
	if n := len(got.Items[0].Reason); n > 510 {
		t.Errorf("a reason of %d bytes", n)
	}
	page, _, err := b.jobs.list(t.Context(), "", 1)
	if err != nil || len(page) != 1 || page[0].Items != nil {
		t.Errorf("%+v %v", page, err)
	}
}

// TestJobsAtATime ends one job from many sides at a time: it stands once.
func TestJobsAtATime(t *testing.T) {
	t.Parallel()
	b := newJobBench(t)
	var w sync.WaitGroup
	for range 4 {
		w.Go(func() {
			for range 10 {
				err := b.jobs.end(t.Context(), &partner.Job{ID: "one", Kind: partner.JobFile}, false)
				if err != nil && !errors.Is(err, order.ErrBusy) {
					t.Error(err)
				}
			}
		})
	}
	w.Wait()
	if page, _, err := b.jobs.list(t.Context(), "", 10); len(page) != 1 || err != nil {
		t.Errorf("%+v %v", page, err)
	}
}

// TestJobsOfPromotions: how the job of a promotion stands is known to the
// shop's promotions, and it stands among the others.
func TestJobsOfPromotions(t *testing.T) {
	t.Parallel()
	b := newJobBench(t)
	d := &door{deps: b.deps}
	b.ended(&partner.Job{ID: "update", Kind: partner.JobCatalog})
	b.move(time.Second)
	d.deps.Promotions = promotionJobs{Promotions: b.deps.Promotions, job: &promotion.Job{
		ID: "promo", State: promotion.Completed, Updated: b.now, SKUs: 3, Stores: 3,
		Result: promotion.Result{
			InvalidStores: []string{"nowhere"}, StoresRefused: 1, Missing: 1, Invalid: 1, Accepted: 4,
			MissingSKUs: map[string][]string{"290056": {"A-9"}}, InvalidSKUs: map[string][]string{"s8ym": {"A-1"}},
		},
	}}
	if err := b.jobs.start(t.Context(), &partner.Job{ID: "promo", Kind: partner.JobPromotion, Name: "May"}); err != nil {
		t.Fatal(err)
	}
	job, err := d.findJob(t.Context(), partnertest.Shop, "promo")
	if err != nil || job.State != partner.JobCompleted || job.Taken != 4 || job.Refused != 5 || len(job.Items) != 3 || job.Name != "May" ||
		job.Items[1].SKU != "A-9" || job.Items[2].Store != "s8ym" {
		t.Errorf("%+v %v", job, err)
	}
	page, _, err := d.listJobs(t.Context(), partnertest.Shop, "", 10)
	if err != nil || len(page) != 2 || page[0].ID != "promo" || page[0].Taken != 4 || page[0].Items != nil {
		t.Errorf("%+v %v", page, err)
	}
	d.deps.Promotions = promotionJobs{Promotions: b.deps.Promotions}
	if job, err = d.findJob(t.Context(), partnertest.Shop, "promo"); err != nil || job == nil || job.State != partner.JobInProgress {
		t.Errorf("%+v %v", job, err)
	}
}

type promotionJobs struct {
	partner.Promotions
	job *promotion.Job
}

func (p promotionJobs) Job(context.Context, string, string) (*promotion.Job, error) {
	return p.job, nil
}

// TestFeedbackOfAFile names rows by their lines, and outlets where they are not
// the job's.
func TestFeedbackOfAFile(t *testing.T) {
	t.Parallel()
	job := &partner.Job{Kind: partner.JobFile, Store: "290056", Items: []partner.JobItem{
		{Line: 4, SKU: "S-3", Reason: "price: is not above 0"},
		{Line: 5, SKU: "S-4", Reason: "says nothing: neither price nor active"},
		{Line: 8, Store: "290056", SKU: "S-1", Reason: rowRepeated},
		{Line: 9, Store: "s8ym", SKU: "S-5", Reason: rowRepeated},
		{SKU: "S-6", Reason: "sku: no product has it"},
	}}
	var out strings.Builder
	if err := writeFeedback(&out, job); err != nil {
		t.Fatal(err)
	}
	want := "sku,state,errors\nS-3,REJECTED,line 4: price: is not above 0\nS-4,REJECTED,line 5: says nothing: neither price nor active\n" +
		"S-1,DUPLICATED,line 8: " + rowRepeated + "\ns8ym:S-5,DUPLICATED,line 9: " + rowRepeated + "\nS-6,REJECTED,sku: no product has it\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	r := resultOf(job)
	var got []wireRejection
	for _, f := range r.Feedback {
		got = append(got, f.Reasons...)
	}
	if !slices.Equal(got, []wireRejection{{"price", "line 4: is not above 0"}, {"", "line 5: says nothing: neither price nor active"}, {"sku", "no product has it"}}) ||
		!slices.Equal(r.Duplicates, []string{"S-1", "s8ym:S-5"}) {
		t.Errorf("%+v", r)
	}
}
