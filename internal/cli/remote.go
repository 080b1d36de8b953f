package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/secret"
)

// remote are the flags of commands that work on a running hub.
type remote struct {
	Hub   string `help:"Address of the hub; default http://127.0.0.1:8080." env:"ORDERMUX_URL" default:"http://127.0.0.1:8080" placeholder:"URL"`
	Token string `help:"Token of the API." env:"ORDERMUX_TOKEN" placeholder:"TOKEN"`
}

// ofShop are those of commands about one shop.
type ofShop struct {
	remote
	Shop string `help:"Id of the shop; needed where the token sees several." env:"ORDERMUX_SHOP" placeholder:"ID"`
}

// asJSON is the flag of commands whose result scripts read.
type asJSON struct {
	JSON bool `help:"Print JSON." name:"json"`
}

func (r remote) client(env *Env) (*api.Client, error) {
	if r.Token == "" {
		return nil, usagef("no token: give --token or set ORDERMUX_TOKEN; the admin_token of the hub's configuration is one")
	}
	c, err := api.NewClient(r.Hub, secret.New(r.Token), env.Transport)
	if err != nil {
		return nil, usagef("--hub: %s", err)
	}
	return c, nil
}

// client returns the client and the shop meant: the named one, or the only
// one that the token sees.
func (o ofShop) client(ctx context.Context, env *Env) (*api.Client, string, error) {
	c, err := o.remote.client(env)
	if err != nil || o.Shop != "" {
		return c, o.Shop, err
	}
	list, err := c.Shops(ctx)
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Status == http.StatusForbidden {
		return nil, "", usagef("no shop: give --shop or set ORDERMUX_SHOP")
	}
	if err != nil {
		return nil, "", err
	}
	if len(list.Shops) == 1 {
		return c, list.Shops[0].ID, nil
	}
	var ids []string
	for _, s := range list.Shops {
		ids = append(ids, s.ID)
	}
	return nil, "", usagef("no shop: give --shop or set ORDERMUX_SHOP to one of %s", strings.Join(ids, ", "))
}

// confirm asks a question unless yes says it is answered. Its error means no.
func (env *Env) confirm(yes bool, format string, args ...any) error {
	if yes {
		return nil
	}
	question := fmt.Sprintf(format, args...)
	if !env.Interactive {
		return usagef("%s; add --yes to go on", question)
	}
	fmt.Fprintf(env.Err, "%s. Go on? [y/N] ", question)
	var answer string
	_, _ = fmt.Fscanln(env.In, &answer) // an empty line or the end of input is a no
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

// notFound says what was not found, where the hub only says that something was
// not.
func notFound(err error, format string, args ...any) error {
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Status == http.StatusNotFound && p.Detail == api.NotFound {
		return &missing{text: fmt.Sprintf(format, args...), what: format}
	}
	return err
}
