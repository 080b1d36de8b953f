package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
)

type backupCmd struct {
	Dir  string `arg:"" help:"New or empty folder, on the hub's machine." placeholder:"DIR"`
	Data string `help:"Data folder of a stopped hub, instead of asking a running one." placeholder:"DIR" type:"path"`
	remote
	asJSON
}

// Run copies the store.
func (c *backupCmd) Run(ctx context.Context, env *Env) error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	var report api.BackupReport
	if c.Data != "" {
		report, err = app.BackupStopped(ctx, c.Data, dir)
	} else {
		var client *api.Client
		if client, err = c.client(env); err == nil {
			report, err = client.Backup(ctx, dir)
		}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(report)
	}
	_, err = fmt.Fprintf(env.Out, "%s: %s, %d bytes; it holds personal data and perhaps the seal key, so keep it safe\n", report.Dir, count(report.Files, "file"), report.Bytes)
	return err
}
