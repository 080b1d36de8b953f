package deliveryhero

import (
	"net/http"

	"github.com/ordermux/ordermux/internal/partner"
)

// The paths of the catalogue; sources in README.md.
const (
	vendorPath     = "/v2/chains/{chain_id}/vendors/{vendor_id}"
	catalogPath    = vendorPath + "/catalog"
	catalogJobPath = "/v2/chains/{chain_id}/catalog/jobs/{job_id}"
)

func (d *door) catalogCalls() map[string]handler {
	return map[string]handler{
		"PUT " + catalogPath:                 d.updateCatalog,
		"GET " + catalogPath:                 d.listProducts,
		"POST " + catalogPath + "/export":    d.exportCatalog,
		"GET " + vendorPath + "/categories":  d.listCategories,
		"POST /v2/chains/{chain_id}/catalog": d.addProducts,
		"GET " + catalogJobPath:              d.showCatalogJob,
	}
}

// openCalls are those whose address is all that a caller needs.
func (d *door) openCalls() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{"GET " + catalogJobPath + "/download": d.serveDownload}
}

// queued keeps a job whose work is done and says that it was taken on: clients
// ask for its end, or are told of it.
func (d *door) queued(a *asked, job *partner.Job) (answer, error) {
	j := d.jobs(a.chain.Shop)
	j.base = d.base(a.Request)
	if err := j.end(a.Context(), job, true); err != nil {
		return answer{}, err
	}
	return answer{http.StatusAccepted, wireQueued{job.ID, jobQueued}}, nil
}

// newJob is one that the call makes.
func (d *door) newJob(a *asked, kind string) *partner.Job {
	now := d.now().UTC()
	job := &partner.Job{ID: jobID(now), Kind: kind, By: a.grant.Name, Created: now}
	if a.vendor != nil {
		job.Store = a.vendor.ID
	}
	return job
}
