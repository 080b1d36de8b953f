package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token; it is shown once."`
	List   tokenListCmd   `cmd:"" help:"List tokens, without the tokens themselves."`
	Rotate tokenRotateCmd `cmd:"" help:"Make a new token of the same name; the old one works a while longer."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
}

type tokenCreateCmd struct {
	Name  string `arg:"" help:"Name of the token; orders handed in with it say api:NAME." placeholder:"NAME"`
	Scope string `help:"submit, read, operate or admin." enum:"submit,read,operate,admin" default:"submit"`
	ofShop
	asJSON
}

// Run makes a token. --shop _hub makes one that reaches every shop.
func (c *tokenCreateCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	made, err := client.CreateToken(ctx, shop, c.Name, api.Scope(c.Scope))
	if err != nil {
		return err
	}
	return env.printToken(c.JSON, made)
}

func (env *Env) printToken(asJSON bool, t api.NewToken) error {
	if asJSON {
		return env.printJSON(t)
	}
	fmt.Fprintf(env.Err, "token %s of shop %s; it is shown this once:\n", t.Name, t.Shop)
	_, err := fmt.Fprintln(env.Out, t.Token)
	return err
}

type tokenListCmd struct {
	ofShop
	asJSON
}

// Run lists the tokens of a shop.
func (c *tokenListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	list, err := client.Tokens(ctx, shop)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(list)
	}
	t := table(env.Out)
	row(t, "NAME", "SCOPE", "MADE (UTC)", "ROTATED", "OLD ONE WORKS UNTIL")
	for _, k := range list.Tokens {
		row(t, k.Name, k.Scope, at(k.Created), at(k.Rotated), at(k.OldUntil))
	}
	return t.Flush()
}

type tokenRotateCmd struct {
	Name string        `arg:"" help:"Name of the token." placeholder:"NAME"`
	Keep time.Duration `help:"How long the old one works." default:"24h"`
	ofShop
	asJSON
}

// Run makes a new token of the same name.
func (c *tokenRotateCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	made, err := client.RotateToken(ctx, shop, c.Name, c.Keep)
	if err != nil {
		return notFound(err, "token %s is not known at shop %s", c.Name, shop)
	}
	if !c.JSON {
		fmt.Fprintln(env.Err, c.fate(time.Now()))
	}
	return env.printToken(c.JSON, made)
}

// fate says what becomes of the token that was there before.
func (c *tokenRotateCmd) fate(now time.Time) string {
	keep := c.Keep.Truncate(time.Second) // what the hub counts in
	if keep == 0 {
		return "the old token has stopped working"
	}
	return fmt.Sprintf("the old token goes on working for %s, until %s UTC; with --keep 0s it stops at once", keep, at(now.Add(keep)))
}

type tokenRevokeCmd struct {
	Name string `arg:"" help:"Name of the token." placeholder:"NAME"`
	ofShop
}

// Run ends a token.
func (c *tokenRevokeCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if err := client.RevokeToken(ctx, shop, c.Name); err != nil {
		return notFound(err, "token %s is not known at shop %s", c.Name, shop)
	}
	fmt.Fprintf(env.Out, "token %s is revoked\n", c.Name)
	return nil
}
