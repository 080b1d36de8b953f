package cli

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
)

type restoreCmd struct {
	Backup string `arg:"" help:"Folder of a backup." placeholder:"DIR" type:"path"`
	Data   string `help:"Data folder to make; must be missing or empty." required:"" placeholder:"DIR" type:"path"`
	asJSON
}

// Run makes a data folder of a backup and verifies it.
func (c *restoreCmd) Run(ctx context.Context, env *Env) error {
	reports, err := app.Restore(ctx, c.Backup, c.Data)
	if err != nil {
		return err
	}
	var list []api.Verified
	for _, r := range reports {
		list = append(list, verified(r))
	}
	if !c.JSON {
		fmt.Fprintf(env.Out, "restored into %s; routes go on where they stood at the backup, so what was delivered since may go once more\n", c.Data)
	}
	return env.printVerified(c.JSON, list)
}
