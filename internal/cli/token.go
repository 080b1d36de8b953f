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
	Change tokenChangeCmd `cmd:"" help:"Change what is no secret of a credential of a partner's door."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
}

type tokenCreateCmd struct {
	Name  string `arg:"" help:"Name of the token; orders handed in with it say api:NAME, or PARTNER:NAME." placeholder:"NAME"`
	Scope string `help:"submit, read, operate or admin." enum:"submit,read,operate,admin" default:"submit"`
	ofDoor
	fieldFlags
	ofShop
	asJSON
}

// Run makes a token. --shop _hub makes one that reaches every shop.
func (c *tokenCreateCmd) Run(ctx context.Context, env *Env) error {
	values, err := c.values()
	if err != nil {
		return err
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if c.Partner != "" {
		made, err := client.CreateCredential(ctx, c.ref(shop, c.Name), values)
		if err != nil {
			return err
		}
		return env.printCredential(c.JSON, made)
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
	ofDoor
	ofShop
	asJSON
}

// Run lists the tokens of a shop.
func (c *tokenListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if c.Partner != "" {
		list, err := client.Credentials(ctx, shop, c.Partner, c.Kind)
		if err != nil {
			return err
		}
		return env.printCredentials(c.JSON, list)
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
	Name string         `arg:"" help:"Name of the token." placeholder:"NAME"`
	Keep *time.Duration `help:"How long the old one works; default 24h, of a door's credential 0s." placeholder:"24h"`
	ofDoor
	fieldFlags
	ofShop
	asJSON
}

// Run makes a new token of the same name.
func (c *tokenRotateCmd) Run(ctx context.Context, env *Env) error {
	values, err := c.values()
	if err != nil {
		return err
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if c.Partner != "" {
		return c.rotateCredential(ctx, env, client, c.ref(shop, c.Name), values)
	}
	made, err := client.RotateToken(ctx, shop, c.Name, c.keep())
	if err != nil {
		return notFound(err, "token %s is not known at shop %s", c.Name, shop)
	}
	if !c.JSON {
		fmt.Fprintln(env.Err, c.fate("token", time.Now()))
	}
	return env.printToken(c.JSON, made)
}

func (c *tokenRotateCmd) rotateCredential(ctx context.Context, env *Env, client *api.Client, ref api.CredentialRef, values map[string]api.FieldValue) error {
	made, err := client.RotateCredential(ctx, ref, values, c.keep())
	if err != nil {
		return c.unknown(err, ref)
	}
	if !c.JSON {
		fmt.Fprintln(env.Err, c.fate("secret", time.Now())+"; access tokens live to their end")
	}
	return env.printCredential(c.JSON, made)
}

// keep is how long the old one works.
func (c *tokenRotateCmd) keep() time.Duration {
	switch {
	case c.Keep != nil:
		return *c.Keep
	case c.Partner != "":
		return 0
	}
	return api.DefaultKeep
}

// fate says what becomes of the token that was there before.
func (c *tokenRotateCmd) fate(what string, now time.Time) string {
	keep := c.keep().Truncate(time.Second) // what the hub counts in
	if keep == 0 {
		return "the old " + what + " has stopped working"
	}
	return fmt.Sprintf("the old %s goes on working for %s, until %s UTC; with --keep 0s it stops at once", what, keep, at(now.Add(keep)))
}

type tokenRevokeCmd struct {
	Name   string `arg:"" help:"Name of the token." placeholder:"NAME"`
	Tokens bool   `help:"End only the access tokens that the door issued; the credential goes on."`
	ofDoor
	ofShop
}

// Run ends a token.
func (c *tokenRevokeCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if c.Partner != "" {
		return c.revokeCredential(ctx, env, client, c.ref(shop, c.Name))
	}
	if c.Tokens {
		return usagef("--tokens is about a partner's door: give --partner")
	}
	if err := client.RevokeToken(ctx, shop, c.Name); err != nil {
		return notFound(err, "token %s is not known at shop %s", c.Name, shop)
	}
	fmt.Fprintf(env.Out, "token %s is revoked\n", c.Name)
	return nil
}
