package config_test

import (
	"os"
	"path/filepath"
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
		{Name: "place", Door: true, Kind: partner.Text, Of: "till", Required: true, Unique: "place"},
		{Name: "alias", Door: true, Kind: partner.Text, Of: "till", Unique: "place"},
	}, Kinds: []partner.CredentialKind{{Of: "user", Most: 3, Names: []string{"Orders"}}}}}
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
	f("        {kind: users, email: a@shop.example, password: p}\n", "kind: must be user or till, or is left out for the door's own")
	f("        {kind: user, key: k, password: p}\n", "email is missing; give it (Login)")
	f("        {key: k, secret: s, email: e}\n", "email: unknown key")
	f("        [{kind: user, email: e, password: p}, {kind: user, email: f, password: p}]\n", "two credentials are named default")
	f("        [{key: k, secret: s}, {name: o, key: k, secret: s}]\n", "has the same value as")
	f("        {name: Orders, key: k, secret: s}\n", "name: a credential's name must be 1 to 64 characters of a-z")
	f("        {kind: user, name: a/b, email: e, password: p}\n", "name: a credential's name must not hold slashes")
	user := func(name string) string {
		return "        - {kind: user, name: \"" + name + "\", email: " + name + ", password: p}\n"
	}
	three := user("Orders") + user("Zamówienia 2") + user("c")
	if _, err := readDoors(t, three); err != nil {
		t.Error(err)
	}
	till := func(name, place, alias string) string {
		return "        - {kind: till, name: " + name + ", place: " + place + ", alias: " + alias + "}\n"
	}
	if _, err := readDoors(t, till("a", "p1", "p1")+till("b", "p2", "x")+user("p1")); err != nil {
		t.Error(err)
	}
	f(till("a", "p1", "x")+till("b", "p2", "x"), "its alias is an id of a already")
	f(till("a", "p1", "x")+till("b", "p2", "p1"), "its alias is an id of a already")
	f(till("a", "p1", "x")+till("b", "x", "y"), "its place is an id of a already")
	f(three+user("d")+user("e"), "platform takes at most 3 credentials of this kind at a shop; remove one")
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

// keeper is a partner whose whole door has settings, and who keeps less of a
// secret than was given.
func keeper() []partner.Partner {
	keep := func(s string) string { return "kept:" + strings.TrimPrefix(s, "kept:") }
	return []partner.Partner{{
		Name: "platform", Door: func(partner.Deps) (partner.Side, error) { return partner.Side{}, nil },
		Route: func(partner.Deps, partner.Settings) (partner.Side, error) { return partner.Side{}, nil },
		Settings: []partner.Field{
			{Name: "key", Door: true, Kind: partner.Text, Secret: true, Required: true, Credential: true},
			{Name: "word", Door: true, Route: true, Kind: partner.Text, Secret: true, Keep: keep},
			{Name: "dialect", Door: true, Route: true, Hub: true, Kind: partner.Document},
			{Name: "most", Door: true, Hub: true, Kind: partner.Int, Default: "7"},
		},
	}}
}

// TestSettingsOfDoors: what stands beside listen is no credential's.
func TestSettingsOfDoors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("dialect.json", "{\n\t\"a\": 1\n}\n")
	write("latin.json", "\xe5")
	write("long.json", strings.Repeat("x", 1<<20+1))
	write("just.json", strings.Repeat("x", 1<<20))
	read := func(doors, route string) (*config.Config, error) {
		text := "data: ./data\ndoors:\n  platform: " + doors + "\nshops:\n  a:\n    currency: EUR\n    doors:\n      platform: {key: k, word: hush}\n" +
			"    routes:\n      r: {partner: platform, settings: " + route + "}\n"
		return config.Parse([]byte(text), config.Options{Partners: keeper(), Dir: dir})
	}
	cfg, err := read("{dialect: dialect.json}", "{dialect: just.json, word: kept:hush}")
	if err != nil {
		t.Fatal(err)
	}
	door := cfg.HubSettings(keeper()[0])
	if door["dialect"].Text != "{\n\t\"a\": 1\n}\n" || door["most"].Text != "7" || cfg.Doors["platform"].Listen != "" {
		t.Error(door)
	}
	own := cfg.Shops["a"].Doors["platform"][0].Settings
	if _, there := own["dialect"]; there || own["word"].Secret.Reveal() != "kept:hush" {
		t.Error("settings of the credential")
	}
	route := cfg.Shops["a"].Routes[0].Settings
	if len(route["dialect"].Text) != 1<<20 || route["word"].Secret.Reveal() != "kept:hush" {
		t.Error("settings of the route")
	}
	if none := config.Default().HubSettings(keeper()[0]); len(none) != 1 || none["most"].Text != "7" {
		t.Error(none)
	}
	f := func(doors, route, want string) {
		t.Helper()
		if _, err := read(doors, route); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f("{}", "{}", "configuration:3: doors.platform: listen is missing")
	f("{dialect: none.json}", "{}", "configuration:3: doors.platform.dialect: the file none.json can not be read")
	f("{dialect: latin.json}", "{}", "doors.platform.dialect: the file latin.json is not valid UTF-8")
	f("{dialect: long.json}", "{}", "doors.platform.dialect: the file long.json is larger than 1 MB")
	f(`{dialect: ""}`, "{}", "doors.platform.dialect: is empty")
	f("{most: some}", "{}", "doors.platform.most: must be a whole number")
	f("{key: k}", "{}", "doors.platform.key: unknown key; known here: dialect, listen, most")
	f("{dialect: dialect.json}", "{dialect: .}", "shops.a.routes.r.settings.dialect: the file . can not be read")
}

// TestDocumentGiven: a document is nothing that can be handed in otherwise.
func TestDocumentGiven(t *testing.T) {
	t.Parallel()
	fields := keeper()[0].Settings
	if v, sentence := config.ReadField(fields[2], []string{"{}"}); sentence == "" {
		t.Error(v)
	}
	if v, sentence := config.ReadField(fields[1], []string{"hush"}); sentence != "" || v.Secret.Reveal() != "kept:hush" {
		t.Error(v, sentence)
	}
}

// TestOneUploaderTwice: the SFTP server is one for all doors; two users of one
// name must differ in the password.
func TestOneUploaderTwice(t *testing.T) {
	t.Parallel()
	door := func(name string) partner.Partner {
		return partner.Partner{Name: name, Door: func(partner.Deps) (partner.Side, error) { return partner.Side{}, nil }, Settings: []partner.Field{
			{Name: "user", Door: true, Kind: partner.Text, Of: "sftp", Required: true, Credential: true},
			{Name: "password", Door: true, Kind: partner.Text, Of: "sftp", Secret: true, Password: true},
			{Name: "keys", Door: true, Kind: partner.List, Of: "sftp"},
		}}
	}
	f := func(one, other, want string) {
		t.Helper()
		text := "data: ./data\nadmin_token: test-admin-token\nshops:\n  a:\n    currency: EUR\n    doors:\n" +
			"      first: {kind: sftp, user: nils" + one + "}\n      second: {kind: sftp, user: nils" + other + "}\n"
		_, err := config.Parse([]byte(text), config.Options{Partners: []partner.Partner{door("first"), door("second")}, Dir: t.TempDir()})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || err != nil && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(", password: sesame", ", password: sesame", "shops.a.doors.second.password: is that of shops.a.doors.first.password too")
	f(", password: sesame", ", password: other", "")
	f(", keys: [a]", ", keys: [b]", "")
	f(", password: sesame", ", keys: [b]", "")
}
