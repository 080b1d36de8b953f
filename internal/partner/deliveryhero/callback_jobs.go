package deliveryhero

import (
	"context"
	"time"
)

// pollJobs is how soon a job's end is told (our choice).
const pollJobs = 2 * time.Second

func (c *callback) tellJobs(ctx context.Context) error { return nil }
