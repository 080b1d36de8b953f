package cli

import (
	"context"

	"github.com/ordermux/ordermux/internal/bench"
)

type benchCmd struct {
	bench.Options `embed:""`
}

// Run measures; see docs/performance.md.
func (c *benchCmd) Run(ctx context.Context, env *Env) error {
	c.Out = env.Out
	return bench.Run(ctx, c.Options)
}
