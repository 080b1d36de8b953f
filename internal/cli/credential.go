package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
)

// ofDoor are the flags that make a command about the credentials of a
// partner's door.
type ofDoor struct {
	Partner string `help:"The token is a credential of this partner's door, such as skeepers." placeholder:"NAME"`
	Kind    string `help:"Kind of the credential, where the door has several, such as user." placeholder:"KIND"`
}

func (d ofDoor) ref(shop, name string) api.CredentialRef {
	return api.CredentialRef{Shop: shop, Partner: d.Partner, Kind: d.Kind, Name: name}
}

// unknown says which credential is not there.
func (d ofDoor) unknown(err error, ref api.CredentialRef) error {
	what := strings.TrimSpace(d.Kind + " " + ref.Name)
	return notFound(err, "credential %s is not known at %s, shop %s", what, ref.Partner, ref.Shop)
}

// fieldFlags are values of a credential's fields.
type fieldFlags struct {
	Set []string `help:"Value of a field, as FIELD=VALUE; FIELD=@FILE reads it from a file. Several times for several fields, or for the elements of a list." placeholder:"FIELD=VALUE" sep:"none"`
}

func (f fieldFlags) values() (map[string]api.FieldValue, error) {
	out := map[string]api.FieldValue{}
	for _, s := range f.Set {
		field, value, ok := strings.Cut(s, "=")
		if !ok || field == "" {
			return nil, usagef("--set takes FIELD=VALUE")
		}
		if file, ok := strings.CutPrefix(value, "@"); ok {
			b, err := os.ReadFile(file)
			if err != nil {
				return nil, usagef("--set %s: %s", field, err)
			}
			value = strings.TrimRight(string(b), "\r\n")
		}
		out[field] = append(out[field], value)
	}
	return out, nil
}

// printCredential prints a credential with what was made for it.
func (env *Env) printCredential(asJSON bool, c api.NewCredential) error {
	if asJSON {
		return env.printJSON(c)
	}
	fmt.Fprintf(env.Err, "credential %s of shop %s at %s; secrets are shown this once:\n", c.Name, c.Shop, c.Partner)
	t := table(env.Out)
	row(t, "url:", c.URL)
	for _, field := range slices.Sorted(maps.Keys(c.Values)) {
		row(t, field+":", strings.Join(c.Values[field], ", "))
	}
	for _, field := range slices.Sorted(maps.Keys(c.Made)) {
		row(t, field+":", c.Made[field])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if c.Advice != "" {
		fmt.Fprintln(env.Err, c.Advice)
	}
	return nil
}

// printCredentials prints a list.
func (env *Env) printCredentials(asJSON bool, list api.CredentialList) error {
	if asJSON {
		return env.printJSON(list)
	}
	if list.URL != "" {
		fmt.Fprintf(env.Out, "door: %s\n", list.URL)
	}
	t := table(env.Out)
	row(t, "NAME", "KIND", "MADE (UTC)", "LAST USED", "ROTATED", "OLD SECRETS WORK UNTIL", "VALUES", "SECRETS")
	for _, c := range list.Credentials {
		made := at(c.Created)
		switch {
		case c.Configured:
			made = "in the configuration"
		case c.Shadowed:
			made += " (a configured one has its name)"
		}
		var values []string
		for _, field := range slices.Sorted(maps.Keys(c.Values)) {
			values = append(values, field+"="+strings.Join(c.Values[field], ","))
		}
		row(t, c.Name, c.Kind, made, at(c.Used), at(c.Rotated), at(c.OldUntil), short(strings.Join(values, " "), 240), strings.Join(c.Secrets, " "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, k := range list.Kinds {
		env.printKind(k, list.Credentials)
	}
	return nil
}

// printKind says how many credentials of a kind there can be, and which names
// are offered, where the partner says so.
func (env *Env) printKind(k api.CredentialKind, list []api.Credential) {
	if k.Most == 0 && len(k.Names) == 0 {
		return
	}
	var said []string
	if k.Most > 0 {
		n := 0
		for _, c := range list {
			if c.Kind == k.Kind && !c.Shadowed {
				n++
			}
		}
		said = append(said, fmt.Sprintf("%d of at most %d", n, k.Most))
	}
	if len(k.Names) > 0 {
		said = append(said, "named by what they are for, such as "+strings.Join(k.Names, ", "))
	}
	what := "the door's own"
	if k.Kind != "" {
		what = "kind " + k.Kind
	}
	fmt.Fprintf(env.Out, "%s: %s\n", what, strings.Join(said, "; "))
}

type tokenChangeCmd struct {
	Name string `arg:"" help:"Name of the credential." placeholder:"NAME"`
	ofDoor
	fieldFlags
	Unset []string `help:"Fields to be left without a value." placeholder:"FIELD"`
	ofShop
	asJSON
}

// Run changes fields of a door's credential.
func (c *tokenChangeCmd) Run(ctx context.Context, env *Env) error {
	values, err := c.values()
	if err != nil {
		return err
	}
	for _, field := range c.Unset {
		values[field] = api.FieldValue{}
	}
	if c.Partner == "" || len(values) == 0 {
		return usagef("give --partner, and --set or --unset")
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	ref := c.ref(shop, c.Name)
	changed, err := client.ChangeCredential(ctx, ref, values)
	if err != nil {
		return c.unknown(err, ref)
	}
	if c.JSON {
		return env.printJSON(changed)
	}
	return env.printCredentials(false, api.CredentialList{Credentials: []api.Credential{changed}})
}

// revokeCredential ends a credential, or its access tokens alone.
func (c *tokenRevokeCmd) revokeCredential(ctx context.Context, env *Env, client *api.Client, ref api.CredentialRef) error {
	said := fmt.Sprintf("credential %s of %s is revoked, with its access tokens", c.Name, c.Partner)
	do := client.RevokeCredential
	if c.Tokens {
		do, said = client.RevokeTokensOf, fmt.Sprintf("the access tokens of %s at %s are revoked; it can get new ones", c.Name, c.Partner)
	}
	if err := do(ctx, ref); err != nil {
		return c.unknown(err, ref)
	}
	fmt.Fprintln(env.Out, said)
	return nil
}
