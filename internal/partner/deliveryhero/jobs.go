package deliveryhero

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// jobs are those of a chain that are no promotions: updates of the catalogue,
// exports, files. They stand in Deps.At(shop).
type jobs struct {
	deps partner.Deps
	shop string
}

// jobsKept is for how long a job can be asked about (our choice).
const jobsKept = 30 * 24 * time.Hour

// start makes a job of a kind (partner.JobCatalog …) that is under way. A job
// with that id that is there already is begun anew.
func (j *jobs) start(ctx context.Context, job *partner.Job) error { return nil }

// end writes what became of a job; its items beyond mostItems are cut. Tells is
// whether the chain's receiver shall be told, with the address of what there is
// to be fetched.
func (j *jobs) end(ctx context.Context, job *partner.Job, tells bool) error { return nil }

// find returns a job with its items; nil: there is none.
func (j *jobs) find(ctx context.Context, id string) (*partner.Job, error) { return nil, nil }

func (d *door) listJobs(ctx context.Context, shop, cursor string, limit int) ([]partner.Job, string, error) {
	return nil, "", nil
}

func (d *door) findJob(ctx context.Context, shop, id string) (*partner.Job, error) { return nil, nil }
