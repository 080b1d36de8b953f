package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/ledger"
)

type verifyCmd struct {
	Data   string `help:"Data folder of a stopped hub, instead of asking a running one." placeholder:"DIR" type:"path" xor:"store"`
	Config string `help:"Configuration file that names the store: a data folder of a stopped hub, or a database, whose nodes may run." placeholder:"FILE" type:"path" xor:"store"`
	ofShop
	asJSON
}

// Run walks the chain of one shop, or of every one.
func (c *verifyCmd) Run(ctx context.Context, env *Env) error {
	var list []api.Verified
	var err error
	if c.Data != "" || c.Config != "" {
		list, err = c.stored(ctx)
	} else {
		list, err = c.running(ctx, env)
	}
	if err != nil {
		return err
	}
	return env.printVerified(c.JSON, list)
}

// stored looks into the store itself.
func (c *verifyCmd) stored(ctx context.Context) ([]api.Verified, error) {
	cfg := &config.Config{Data: c.Data}
	if c.Config != "" {
		var err error
		if cfg, err = loadConfig(c.Config); err != nil {
			return nil, err
		}
	}
	var reports []ledger.Report
	var err error
	if cfg.Database.Set() {
		reports, err = app.VerifyDatabase(ctx, cfg.Database)
	} else {
		reports, err = app.VerifyStopped(ctx, cfg.Data)
	}
	var out []api.Verified
	for _, r := range reports {
		if c.Shop == "" || c.Shop == r.Shop {
			out = append(out, verified(r))
		}
	}
	return out, err
}

func verified(r ledger.Report) api.Verified {
	faults := r.Faults
	if faults == nil {
		faults = []string{}
	}
	return api.Verified{Shop: r.Shop, Start: r.Start, Events: r.Events - r.Start, Head: r.Head, Hash: r.Hash, Whole: len(faults) == 0, Faults: faults}
}

// running asks for the named shop, or for all that the token sees; a token of
// the hub also sees the log of the hub's own acts.
func (c *verifyCmd) running(ctx context.Context, env *Env) ([]api.Verified, error) {
	client, err := c.remote.client(env)
	if err != nil {
		return nil, err
	}
	ids := []string{c.Shop}
	if c.Shop == "" {
		shops, err := client.Shops(ctx)
		if err != nil {
			return nil, err
		}
		ids = ids[:0]
		for _, s := range shops.Shops {
			ids = append(ids, s.ID)
		}
		ids = append(ids, api.Hub)
	}
	var out []api.Verified
	for _, id := range ids {
		v, err := client.Verify(ctx, id)
		if p, ok := errors.AsType[*api.Problem](err); ok && p.Status == http.StatusForbidden && id == api.Hub && c.Shop == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (env *Env) printVerified(asJSON bool, list []api.Verified) error {
	whole := true
	for _, v := range list {
		whole = whole && v.Whole
	}
	if asJSON {
		if list == nil {
			list = []api.Verified{}
		}
		if err := env.printJSON(struct {
			Shops []api.Verified `json:"shops"`
		}{list}); err != nil {
			return err
		}
	} else {
		for _, v := range list {
			env.printChain(v)
		}
	}
	if !whole {
		return errQuiet
	}
	return nil
}

func (env *Env) printChain(v api.Verified) {
	if v.Whole {
		from := ""
		if v.Start > 0 {
			from = fmt.Sprintf(" from #%d", v.Start+1)
		}
		fmt.Fprintf(env.Out, "%s: %s, the chain is whole%s up to #%d %s\n", v.Shop, count(v.Events, "event"), from, v.Head, short(v.Hash, 16))
		return
	}
	fmt.Fprintf(env.Out, "%s: %s, the chain is BROKEN:\n", v.Shop, count(v.Events, "event"))
	for _, f := range v.Faults {
		fmt.Fprintf(env.Out, "  %s\n", f)
	}
}
