package deliveryhero

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

// jobReceiver is a chain's, which answers as it is told.
type jobReceiver struct {
	*httptest.Server
	status int
	heard  []wireNews
	secret []string
}

func newJobReceiver(t *testing.T) *jobReceiver {
	r := &jobReceiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, call *http.Request) {
		body, err := io.ReadAll(call.Body)
		var news wireNews
		if err == nil {
			err = json.UnmarshalStrict(body, &news)
		}
		if err != nil {
			t.Error(err)
		}
		r.heard, r.secret = append(r.heard, news), append(r.secret, call.Header.Get("Authorization"))
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

// newTeller is a callback of a chain that wants to be told of jobs at an address.
func newTeller(t *testing.T, url string, wants bool) (*jobBench, *callback) {
	b := newJobBench(t)
	b.hub.AddCredential(Partner, "default", ofChain, partner.Settings{fieldChain: {Text: "c0de0000-0000-4000-8000-000000000001"}})
	hook := partner.Settings{fieldHookURL: {Text: "https://nobody.example/orders"}, fieldJobURL: {Text: url}, fieldHookSecret: {Secret: secret.New("s3cret of ours")}}
	if wants {
		hook[fieldHookCatalog] = partner.Value{Text: "true"}
	}
	b.hub.AddCredential(Partner, "receiver", ofHook, hook)
	t.Cleanup(b.deps.HTTP.CloseIdle)
	return b, &callback{deps: b.deps, chains: chains{deps: b.deps}}
}

func (b *jobBench) tells(c *callback) {
	b.Helper()
	if err := c.tellJobs(b.Context()); err != nil {
		b.Error(err)
	}
}

func (b *jobBench) left() int {
	b.Helper()
	keys, _, err := b.deps.At(partnertest.Shop).List(b.Context(), keyJobNews, "", 100)
	if err != nil {
		b.Fatal(err)
	}
	return len(keys)
}

func TestJobsAreTold(t *testing.T) {
	t.Parallel()
	r := newJobReceiver(t)
	b, c := newTeller(t, r.URL, true)
	b.tells(c) // nothing to tell
	for _, job := range []*partner.Job{
		{ID: "first", Kind: partner.JobExport, Store: "290056"},
		{ID: "second", Kind: partner.JobFile, State: partner.JobFailed},
	} {
		if err := b.jobs.end(t.Context(), job, true); err != nil {
			t.Fatal(err)
		}
		b.move(time.Millisecond)
	}
	b.ended(&partner.Job{ID: "quiet", Kind: partner.JobCatalog})
	b.tells(c)
	b.tells(c)
	if len(r.heard) != 2 || b.left() != 0 {
		t.Fatalf("%+v heard, %d left", r.heard, b.left())
	}
	one, two := r.heard[0], r.heard[1]
	const path = "https://hub.example/deliveryhero/v2/chains/c0de0000-0000-4000-8000-000000000001/catalog/jobs/first/download?token="
	if one.ID != "first" || one.Status != jobCompleted || one.Vendor != "290056" || !strings.HasPrefix(one.Download, path) {
		t.Errorf("%+v", one)
	}
	if two.ID != "second" || two.Status != jobFailed || two.Vendor != "" || r.secret[0] != "s3cret of ours" {
		t.Errorf("%+v, %q", two, r.secret)
	}
	// The link opens what it was told for.
	side, err := newDoor(b.deps)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	side.Handler.ServeHTTP(w, httptest.NewRequest("GET", strings.TrimPrefix(one.Download, "https://hub.example/deliveryhero"), nil))
	if w.Code != http.StatusOK || w.Body.String() != exportHeader {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.move(downloadLife + time.Minute)
	w = httptest.NewRecorder()
	side.Handler.ServeHTTP(w, httptest.NewRequest("GET", strings.TrimPrefix(one.Download, "https://hub.example/deliveryhero"), nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("after an hour: %d %s", w.Code, w.Body)
	}
}

// TestLinksWithoutPublicAddress are told as the client reaches the hub, who asked
// for the job; of a file, for which nobody did, there is none.
func TestLinksWithoutPublicAddress(t *testing.T) {
	t.Parallel()
	r := newJobReceiver(t)
	b, c := newTeller(t, r.URL, true)
	c.deps.PublicURL = ""
	for id, base := range map[string]string{"asked": "http://127.0.0.1:8090/deliveryhero", "file": ""} {
		b.jobs.base = base
		if err := b.jobs.end(t.Context(), &partner.Job{ID: id, Kind: partner.JobExport}, true); err != nil {
			t.Fatal(err)
		}
	}
	b.tells(c)
	if len(r.heard) != 2 {
		t.Fatalf("%+v", r.heard)
	}
	for _, news := range r.heard {
		if want := news.ID == "asked"; strings.HasPrefix(news.Download, "http://127.0.0.1:8090/deliveryhero/v2/chains/") != want || (news.Download == "") == want {
			t.Errorf("%+v", news)
		}
	}
}

// TestJobsAreToldSixTimes: a receiver that answers nothing good is tried six
// times, ten seconds apart, and one job of many at a time.
func TestJobsAreToldSixTimes(t *testing.T) {
	t.Parallel()
	r := newJobReceiver(t)
	r.status = http.StatusInternalServerError
	b, c := newTeller(t, r.URL, true)
	for _, id := range []string{"one", "two"} {
		if err := b.jobs.end(t.Context(), &partner.Job{ID: id, Kind: partner.JobCatalog}, true); err != nil {
			t.Fatal(err)
		}
		b.move(time.Millisecond)
	}
	b.tells(c)
	b.tells(c)
	b.tells(c) // neither is due again
	if len(r.heard) != 2 || r.heard[0].ID != "one" || r.heard[1].ID != "two" {
		t.Fatalf("%+v", r.heard)
	}
	for range 2 * tellTries {
		b.move(tellAgain)
		b.tells(c)
		b.tells(c)
	}
	if len(r.heard) != 2*tellTries || b.left() != 0 {
		t.Errorf("%d calls, %d left", len(r.heard), b.left())
	}
	said := func() int {
		t.Helper()
		list, err := c.jobTroubles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	for _, id := range []string{"one", "two"} {
		job, err := b.jobs.find(t.Context(), id)
		if err != nil || job.State != partner.JobCompleted || job.Reason != "the receiver was not told of the end, after 6 tries: the receiver answered 500" {
			t.Errorf("%+v %v", job, err)
		}
	}
	if said() != 1 {
		t.Error("nobody is told that the receiver was given up on")
	}
	r.status = http.StatusNoContent
	if err := b.jobs.end(t.Context(), &partner.Job{ID: "three", Kind: partner.JobCatalog}, true); err != nil {
		t.Fatal(err)
	}
	b.tells(c)
	if n := len(r.heard); n != 2*tellTries+1 || r.heard[n-1].ID != "three" || b.left() != 0 {
		t.Errorf("%d calls, %d left", n, b.left())
	}
	if said() != 0 {
		t.Error("it is still said that the receiver was given up on")
	}
}

// TestJobsNobodyWants are not told, and not kept to be.
func TestJobsNobodyWants(t *testing.T) {
	t.Parallel()
	r := newJobReceiver(t)
	b, c := newTeller(t, r.URL, false)
	if err := b.jobs.end(t.Context(), &partner.Job{ID: "one", Kind: partner.JobCatalog}, true); err != nil {
		t.Fatal(err)
	}
	b.tells(c)
	if len(r.heard) != 0 || b.left() != 0 {
		t.Errorf("%+v heard, %d left", r.heard, b.left())
	}
}

// TestJobsAreToldForDays: by the hub's own schedule a receiver that is down for
// a day loses nothing.
func TestJobsAreToldForDays(t *testing.T) {
	t.Parallel()
	r := newJobReceiver(t)
	r.status = http.StatusBadGateway
	b, c := newTeller(t, r.URL, true)
	c.deps.Settings = partner.Settings{fieldRetry: {Text: retryOwn}}
	if err := b.jobs.end(t.Context(), &partner.Job{ID: "one", Kind: partner.JobCatalog}, true); err != nil {
		t.Fatal(err)
	}
	for range 25 {
		b.tells(c)
		b.move(time.Hour)
	}
	if n := len(r.heard); n != 25 || b.left() != 1 {
		t.Fatalf("%d calls, %d left", n, b.left())
	}
	r.status = http.StatusOK
	b.tells(c)
	if b.left() != 0 {
		t.Error("it is told again")
	}
}
