package deliveryhero

import (
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
)

func TestJobAnswer(t *testing.T) {
	t.Parallel()
	f := func(body string, state partner.JobState, items int, pairs int64) {
		t.Helper()
		a, err := readJobAnswer([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			return
		}
		list, n := a.items(func(v string) string { return v }, 10)
		if a.state() != state || len(list) != items || n != pairs {
			t.Errorf("%s: %q %v %d", body, a.state(), list, n)
		}
	}
	// the two names of the state, in any letters
	f(`{"job_id":"a","job_status":"COMPLETED"}`, partner.JobCompleted, 0, 0)
	f(`{"job_id":7,"status":"completed"}`, partner.JobCompleted, 0, 0)
	f(`{"job_status":"DUPLICATE"}`, partner.JobDuplicate, 0, 0)
	f(`{"job_status":"IN_PROGRESS"}`, partner.JobInProgress, 0, 0)
	f(`{"job_status":"ON_ITS_WAY"}`, partner.JobQueued, 0, 0)
	f(`{"job_status":null}`, "", 0, 0)
	// the lists within the result or beside the state, and odd ones
	f(`{"job_status":"COMPLETED","result":{"invalid_vendors":["a",290056],"missing_skus":{"b":["1","2"]},"invalid_discounted_skus":{"b":[3]}}}`, partner.JobCompleted, 5, 23)
	f(`{"status":"COMPLETED","missing_skus":["1","2"]}`, partner.JobCompleted, 2, 2)
	f(`{"status":"COMPLETED","result":[],"missing_skus":"none","invalid_vendors":{"a":1}}`, partner.JobCompleted, 0, 0)
	f(`{"status":"COMPLETED","result":null,"missing_skus":null}`, partner.JobCompleted, 0, 0)
	for _, body := range []string{``, `[]`, `"x"`, `{`, `{"a":1}{`} {
		if _, err := readJobAnswer([]byte(body)); err == nil {
			t.Errorf("%s was read", body)
		}
	}
}

func FuzzJobAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"job_id":"a","job_status":"COMPLETED","result":{"invalid_vendors":["a"],"missing_skus":{"b":["1"]},"invalid_discounted_skus":{"b":["2"]}}}`,
		`{"job_id":1,"status":"failed","message":"no"}`, `{"result":{"missing_skus":[1,null,"x"]}}`, `null`, `{"job_status":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := readJobAnswer(body)
		if err != nil {
			return
		}
		items, pairs := a.items(func(v string) string { return v }, 1)
		if pairs < 0 || int64(len(items)) != pairs {
			t.Errorf("%d items, %d pairs", len(items), pairs)
		}
		if over(a.state()) == (a.state() == partner.JobQueued || a.state() == partner.JobInProgress || a.state() == "") {
			t.Error(a.state())
		}
	})
}
