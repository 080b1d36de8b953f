package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/sftp"
)

type sandboxCmd struct {
	Listen string `help:"Address to listen on; default 127.0.0.1:8090." default:"127.0.0.1:8090" placeholder:"ADDR"`
	Data   string `help:"Data folder; without one nothing outlives the sandbox." placeholder:"DIR" type:"path"`
	SFTP   string `help:"Address that files are uploaded to; default 127.0.0.1:0, any port that is free; empty: no files are taken." default:"127.0.0.1:0" placeholder:"ADDR" name:"sftp"`
	Public bool   `help:"Listen on more than loopback, though the credentials are known to everybody."`
	logFlags
}

// Run serves the doors until ctx ends.
func (c *sandboxCmd) Run(ctx context.Context, env *Env) (err error) {
	if !c.Public {
		for _, at := range []string{c.Listen, c.SFTP} {
			if err := app.CheckLoopback(at); at != "" && err != nil {
				return usagef("%s", err)
			}
		}
	}
	log, err := c.log(env)
	if err != nil {
		return err
	}
	data := c.Data
	if data == "" {
		if data, err = os.MkdirTemp("", "ordermux-sandbox-"); err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	}
	cfg := app.SandboxConfig(c.Listen, data, all.List())
	if c.SFTP != "" {
		app.SandboxFiles(cfg, c.SFTP, all.List())
	}
	a, err := app.New(ctx, app.Options{Config: cfg, Sandbox: true, Version: env.Version, Log: log})
	if err != nil {
		return err
	}
	c.introduce(env, a, cfg)
	if err := welcome(ctx, env, a); err != nil {
		return errors.Join(err, a.Close())
	}
	return a.Run(ctx)
}

// introduce prints where the doors are, and what opens them.
func (c *sandboxCmd) introduce(env *Env, a *app.App, cfg *config.Config) {
	url := a.URL()
	fmt.Fprintf(env.Out, "sandbox at %s (shop %s, admin token %s)\n", url, app.SandboxShop, app.SandboxAdminToken)
	shop := cfg.Shops[app.SandboxShop]
	example := ""
	for _, p := range all.List() {
		for i, d := range shop.Doors[p.Name] {
			if i == 0 {
				fmt.Fprintf(env.Out, "  %s: %s/%s/\n", p.Title, url, p.Name)
			}
			c.credentials(env, p, d, a.UploadAddr())
			example = cmp.Or(example, p.Name)
		}
	}
	fmt.Fprintf(env.Out, "faults: curl -X PUT -H 'Authorization: Bearer %s' -d '{\"share_500\": 0.1}' %s/api/v1/faults/%s\n", app.SandboxAdminToken, url, example)
}

// credentials prints what everybody knows anyway.
func (c *sandboxCmd) credentials(env *Env, p partner.Partner, d config.Door, files net.Addr) {
	indent := "    "
	switch {
	case d.Of == sftp.Kind && files != nil:
		fmt.Fprintf(env.Out, "    %s: sftp://%s\n", d.Of, files)
		indent += "  "
	case d.Of != "":
		fmt.Fprintf(env.Out, "    %s:\n", d.Of)
		indent += "  "
	}
	for _, f := range config.DoorFields(p, d.Of) {
		v := d.Settings[f.Name]
		if !f.Credential && !f.Required && f.Make == "" && !f.Password {
			continue
		}
		text := v.Text + v.Secret.Reveal() + strings.Join(v.List, ", ")
		if f.Keep != nil {
			text = app.SandboxValue(f) // what is kept of it opens nothing
		}
		if text != "" {
			fmt.Fprintf(env.Out, "%s%s: %s\n", indent, f.Name, text)
		}
	}
}
