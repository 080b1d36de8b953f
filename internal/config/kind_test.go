package config_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
)

// platform has applications with a key and a secret, and users.
func platform() []partner.Partner {
	return []partner.Partner{{Name: "platform", Door: func(partner.Deps) (partner.Side, error) { return partner.Side{}, nil }, Settings: []partner.Field{
		{Name: "key", Door: true, Kind: partner.Text, Required: true, Description: "Key of the application."},
		{Name: "secret", Door: true, Kind: partner.Text, Required: true, Secret: true, Credential: true, With: "key"},
		{Name: "email", Door: true, Kind: partner.Text, Of: "user", Required: true, Credential: true, Description: "Login."},
		{Name: "password", Door: true, Kind: partner.Text, Of: "user", Required: true, Secret: true, Password: true},
		{Name: "role", Door: true, Kind: partner.Text, Of: "user", Default: "writer", Choices: []string{"reader", "writer"}},
	}}}
}

func readDoors(t *testing.T, doors string) (*config.Config, error) {
	t.Helper()
	text := "data: ./data\nadmin_token: test-admin-token\nshops:\n  a:\n    currency: EUR\n    doors:\n      platform:\n" + doors
	return config.Parse([]byte(text), config.Options{Partners: platform(), Dir: t.TempDir()})
}

// A door's credentials of several kinds stand beside each other, each with its
// own fields.
func TestKindsOfCredentials(t *testing.T) {
	t.Parallel()
	cfg, err := readDoors(t, `
        - {key: k-1, secret: s-1}
        - {name: other, key: k-2, secret: s-1}
        - {kind: user, email: a@shop.example, password: p}
        - {kind: user, name: b, email: b@shop.example, password: p, role: reader}
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range cfg.Shops["a"].Doors["platform"] {
		got = append(got, d.Of+"/"+d.Name+" "+d.Settings["key"].Text+d.Settings["email"].Text+" "+d.Settings["role"].Text)
	}
	if want := "/default k-1 |/other k-2 |user/default a@shop.example writer|user/b b@shop.example reader"; strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
	f := func(doors, want string) {
		t.Helper()
		if _, err := readDoors(t, doors); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f("        {kind: users, email: a@shop.example, password: p}\n", "kind: must be user, or is left out for the door's own")
	f("        {kind: user, key: k, password: p}\n", "email is missing; give it (Login)")
	f("        {key: k, secret: s, email: e}\n", "email: unknown key")
	f("        [{kind: user, email: e, password: p}, {kind: user, email: f, password: p}]\n", "two credentials are named default")
	f("        [{key: k, secret: s}, {name: o, key: k, secret: s}]\n", "has the same value as")
}

func TestReadField(t *testing.T) {
	t.Parallel()
	fields := platform()[0].Settings
	if v, sentence := config.ReadField(fields[4], []string{"reader"}); sentence != "" || v.Text != "reader" {
		t.Error(v, sentence)
	}
	if v, sentence := config.ReadField(fields[1], []string{"hush"}); sentence != "" || v.Secret.Reveal() != "hush" || v.Text != "" {
		t.Error(v, sentence)
	}
	list := partner.Field{Kind: partner.List, Choices: []string{"a", "b"}}
	if v, sentence := config.ReadField(list, []string{"a", "b"}); sentence != "" || len(v.List) != 2 {
		t.Error(v, sentence)
	}
	for _, texts := range [][]string{nil, {"c"}, {"a", ""}, {"a\x00"}, {"\xff"}} {
		if v, sentence := config.ReadField(list, texts); sentence == "" {
			t.Errorf("%q: %v", texts, v)
		}
	}
	if _, sentence := config.ReadField(fields[0], []string{"a", "b"}); sentence != "must be one value" {
		t.Error(sentence)
	}
}
