package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
)

type invitationsSettingsCmd struct {
	Set   []string `help:"Give a setting another value, as NAME=VALUE; lists with commas; a template as templates.shop/sv=ID." placeholder:"NAME=VALUE" sep:"none"`
	Unset []string `help:"Let settings go back to the configuration." placeholder:"NAME"`
	ofShop
	asJSON
}

// Run shows how a shop invites, after changing what it is told to.
func (c *invitationsSettingsCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	s, err := client.InvitationSettings(ctx, shop)
	if err != nil {
		return err
	}
	if len(c.Set)+len(c.Unset) > 0 {
		change, err := c.change(s.Set.Templates)
		if err != nil {
			return err
		}
		if s, err = client.ChangeInvitationSettings(ctx, shop, change); err != nil {
			return err
		}
	}
	if c.JSON {
		return env.printJSON(s)
	}
	return env.printSettings(s)
}

// The settings that are no texts.
var (
	numberSettings = []string{"delay", "delay_products", "frequency", "reminder", "again"}
	listSettings   = []string{"ask", "tags", "notify", "senders"}
)

// change is what the hub is told, as JSON.
func (c *invitationsSettingsCmd) change(templates map[string]string) ([]byte, error) {
	out := map[string]any{}
	templates = maps.Clone(templates)
	if templates == nil {
		templates = map[string]string{}
	}
	for _, s := range c.Set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usagef("--set takes NAME=VALUE")
		}
		kind, named := strings.CutPrefix(name, "templates.")
		switch {
		case named:
			templates[kind] = value
			out["templates"] = templates
		case slices.Contains(numberSettings, name):
			n, err := strconv.Atoi(value)
			if err != nil {
				return nil, usagef("--set %s takes a number of days", name)
			}
			out[name] = n
		case name == "public":
			b, err := strconv.ParseBool(value)
			if err != nil {
				return nil, usagef("--set public takes true or false")
			}
			out[name] = b
		case slices.Contains(listSettings, name):
			out[name] = strings.Split(value, ",")
		default:
			out[name] = value
		}
	}
	for _, name := range c.Unset {
		if kind, named := strings.CutPrefix(name, "templates."); named {
			delete(templates, kind)
			out["templates"] = templates
			continue
		}
		out[name] = nil
	}
	return json.Marshal(out)
}

// printSettings prints what is in force, and where it stands.
func (env *Env) printSettings(s api.InvitationSettings) error {
	b, err := json.Marshal(s.InForce)
	if err != nil {
		return err
	}
	var members map[string]json.Value
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	t := table(env.Out)
	row(t, "SETTING", "VALUE", "FROM")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		row(t, name, strings.Trim(string(members[name]), `"`), s.Origins[name])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.Out, "what is not listed has its default")
	return err
}
