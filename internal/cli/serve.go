package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
)

// logFlags say how the hub logs, to standard error.
type logFlags struct {
	LogLevel  string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	LogFormat string `help:"text or json." enum:"text,json" default:"text"`
}

func (f logFlags) log(env *Env) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return nil, usagef("--log-level: %s", err)
	}
	return app.NewLog(env.Err, level, f.LogFormat), nil
}

type serveCmd struct {
	Config string `help:"Configuration file." required:"" placeholder:"FILE" type:"path"`
	Listen string `help:"Address to listen on, instead of the file's." placeholder:"ADDR"`
	Data   string `help:"Data folder, instead of the file's." placeholder:"DIR" type:"path"`
	logFlags
}

// Run serves until ctx ends; a hangup reads the configuration again.
func (c *serveCmd) Run(ctx context.Context, env *Env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log, err := c.log(env)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, app.Options{Config: cfg, Load: c.load, Version: env.Version, Log: log})
	if err != nil {
		return err
	}
	if err := welcome(ctx, env, a); err != nil {
		return errors.Join(err, a.Close())
	}
	stop, stopped := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.reloads(stop, env, a, log)
	}()
	err = a.Run(ctx)
	stopped()
	<-done
	return err
}

// welcome prints where the first user of the console is made, while there is
// none.
func welcome(ctx context.Context, env *Env, a *app.App) error {
	url, err := a.Welcome(ctx)
	if err == nil && url != "" {
		fmt.Fprintf(env.Err, "console: nobody can sign in yet; make the first user at %s (it works once, for a day)\n", url)
	}
	return err
}

// load reads the file; flags win over it, at a reload too.
func (c *serveCmd) load() (*config.Config, error) {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return nil, err
	}
	if c.Listen != "" {
		cfg.Listen = c.Listen
	}
	if c.Data != "" {
		if cfg.Database.Set() {
			return nil, usagef("--data: %s names a database, which is the store", c.Config)
		}
		cfg.Data = c.Data
	}
	return cfg, nil
}

func (c *serveCmd) reloads(ctx context.Context, env *Env, a *app.App, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-env.Hangup:
		}
		cfg, err := c.load()
		if err == nil {
			err = a.Reload(ctx, cfg)
		}
		if err != nil {
			log.ErrorContext(ctx, "configuration not reloaded, the hub goes on as it was", slog.Any("error", err))
		}
	}
}

type reloadCmd struct{ remote }

// Run asks a running hub to read its configuration again.
func (c *reloadCmd) Run(ctx context.Context, env *Env) error {
	client, err := c.client(env)
	if err != nil {
		return err
	}
	done, err := client.Reload(ctx)
	if p, ok := errors.AsType[*api.Problem](err); ok && len(p.Nodes) > 0 {
		env.printReload(p.Nodes)
		return errQuiet
	}
	if err != nil {
		return err
	}
	if len(done.Nodes) == 0 {
		fmt.Fprintln(env.Out, "reloaded")
	}
	env.printReload(done.Nodes)
	return nil
}

// printReload says what each of several nodes did; those that did not on
// standard error.
func (env *Env) printReload(nodes []api.NodeReload) {
	for _, n := range nodes {
		if n.Done {
			fmt.Fprintf(env.Out, "%s: reloaded\n", n.Name)
		} else {
			fmt.Fprintf(env.Err, "%s: nothing was changed: %s\n", n.Name, n.Error)
		}
	}
}
