package deliveryhero

import (
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
)

// FuzzReadBatch never lets what a platform says of a batch count for more than
// was sent, nor go on without a state.
func FuzzReadBatch(f *testing.F) {
	for _, body := range []string{
		`{"job_id":"j","job_status":"COMPLETED","result":{"item_level_feedback":[{"sku":"S-1","status":"REJECTED","rejection_reasons":[{"rejected_data":"price","rejected_reason":"too low"}]}],"duplicated_products":["S-2","290056:S-3"]}}`,
		`{"job_id":7,"status":"in_progress","platform_vendor_id":"290056","download_url":null}`,
		`{"job_status":"COMPLETED","result":{"item_level_feedback":[{"sku":9,"status":"ERROR"},{"sku":"S-9","rejection_reasons":[{"rejected_data":{"a":1}}]}]}}`,
		`{"job_status":"FAILED","message":"x"}`, `{"job_status":"","result":null}`, `[]`, `{"job_status":"COMPLETED","result":{"item_level_feedback":null}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		one := &routeJob{Job: partner.Job{Store: "CENTRO"}, Open: openJob{Own: []byte(`{"vendor":"290056","size":5,"count":3,"gone":["S-9"]}`)}}
		if err := readBatch(one, body); err != nil {
			return
		}
		job := &one.Job
		if job.State == "" || job.Taken < 0 || job.Taken > 3 || job.Refused < 0 {
			t.Errorf("%s: %+v", body, job)
		}
		for _, item := range job.Items {
			if item.SKU == "S-9" && item.Reason != sentTwice || item.Reason == "" || item.Store != "CENTRO" {
				t.Errorf("%s: %+v", body, item)
			}
		}
	})
}
