package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/ordermux/ordermux/internal/demo"
)

type demoCmd struct {
	Once bool   `help:"End by itself with a summary; status 1 if an order did not reach every partner it should."`
	Part string `hidden:"" help:"Be one of the demo's processes." placeholder:"JSON"`
}

// Run runs the demo, or one of its parts as a child of the demo.
func (c *demoCmd) Run(ctx context.Context, env *Env) error {
	if c.Part != "" {
		return demo.RunPart(ctx, c.Part, env.In, env.Out, env.Err, env.Version)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own executable: %w", err)
	}
	return demo.Run(ctx, demo.Options{
		Once: c.Once, Out: env.Out, Command: []string{self, "demo", "--part"}, Version: env.Version, Live: env.Screen,
	})
}
