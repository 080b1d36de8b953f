package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner/all"
)

func readGiven(g config.GivenRoute) (config.Route, []string) {
	r, complaints := config.ReadGiven(g, config.Options{Partners: all.List()})
	var said []string
	for _, c := range complaints {
		said = append(said, c.String())
	}
	return r, said
}

func TestReadGiven(t *testing.T) {
	t.Parallel()
	r, said := readGiven(config.GivenRoute{
		Name: "ads", Partner: "citrusad",
		Rules: map[string][]string{
			"when": {`order.channel == "web"`}, "on": {"placed"}, "unless": {"cancelled", "refunded"}, "after": {"1h30m"}, "max_age": {"none"}, "rate": {"0.5"},
			"slots": {"3"}, "retry.first": {"1s"}, "retry.attempts": {"7"}, "disabled": {"true"}, "connection": {"shared"},
		},
		Settings: map[string][]string{"base_url": {"https://ads.example"}, "api_key": {"sk-1"}, "send_customer_id": {"False"}},
	})
	if said != nil {
		t.Fatal(said)
	}
	if r.When != `order.channel == "web"` || !slices.Equal(r.On, []string{"placed"}) || len(r.Unless) != 2 || r.After != 90*time.Minute || r.MaxAge != -1 ||
		r.Rate != 0.5 || r.Slots != 3 || r.Retry.First != time.Second || r.Retry.Attempts != 7 || !r.Disabled || r.Connection != "shared" {
		t.Errorf("%+v", r)
	}
	if s := r.Settings; s["api_key"].Secret.Reveal() != "sk-1" || s["send_customer_id"].Text != "false" || s["batch_size"].Text != "100" {
		t.Errorf("%+v", s)
	}
}

// TestReadGivenComplains: at the place of each fault, all at once, and without
// the value of a secret.
func TestReadGivenComplains(t *testing.T) {
	t.Parallel()
	_, said := readGiven(config.GivenRoute{
		Name: "Ads!", Partner: "webhook",
		Rules:    map[string][]string{"at": {"9 o'clock"}, "nope": {"1"}, "on": {"sold"}, "retry.first": {"soon"}, "slots": {"x\" y: [", "2"}},
		Settings: map[string][]string{"url": {"ftp://x.example"}, "secret": {"whsec_\x01hidden"}, "colour": {"red"}},
	})
	for _, want := range []string{
		"name: a route's name", "rules.nope: unknown key", "rules.at: must be a time of day", "rules.on[0]: unknown kind", "rules.retry.first: must be a duration",
		"rules.slots: ", "settings.url: must be a whole address", "settings.secret: ", "settings.colour: unknown setting",
	} {
		if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q is missing in %q", want, said)
		}
	}
	if strings.Contains(strings.Join(said, "\n"), "hidden") {
		t.Error("a secret is told")
	}
	if _, said := readGiven(config.GivenRoute{Name: "a", Partner: "webhok"}); len(said) != 1 || !strings.Contains(said[0], "did you mean webhook?") {
		t.Error(said)
	}
	// What the file may say of a secret is no way to the hub's own files.
	if r, said := readGiven(config.GivenRoute{Name: "a", Partner: "webhook", Settings: map[string][]string{"url": {"https://x.example"}, "secret": {"{file: /etc/passwd}"}}}); len(said) != 0 ||
		r.Settings["secret"].Secret.Reveal() != "{file: /etc/passwd}" {
		t.Error(said)
	}
}

func TestReadGivenDocument(t *testing.T) {
	t.Parallel()
	g := config.GivenRoute{Name: "drop", Partner: "idosell", Settings: map[string][]string{
		"base_url": {"https://shop.example"}, "login": {"shop"}, "password": {"p"}, "dropshipping_key": {"k"}, "couriers": {"*=1"}, "dialect": {"codes: {nope: 1}"},
	}}
	if _, said := readGiven(g); len(said) != 1 || !strings.HasPrefix(said[0], "settings.dialect: ") {
		t.Error(said)
	}
	g.Settings["dialect"] = []string{strings.Repeat("#", 300<<10)}
	if _, said := readGiven(g); len(said) != 1 || !strings.Contains(said[0], "longer than 256 kB") {
		t.Error(said)
	}
}

func FuzzReadGiven(f *testing.F) {
	f.Add("when", `order.channel == "web"`, "base_url", "https://x.example")
	f.Add("retry.first", "1s\nslots: 3", "api_key", "\xff")
	f.Add("on", "placed\"]\nwhen: x", "send_customer_id", "true")
	f.Fuzz(func(t *testing.T, rule, text, field, value string) {
		r, complaints := config.ReadGiven(config.GivenRoute{
			Name: "ads", Partner: "citrusad", Rules: map[string][]string{rule: {text}}, Settings: map[string][]string{field: {value}},
		}, config.Options{Partners: all.List()})
		if len(complaints) == 0 && rule != "slots" && r.Slots != 0 {
			t.Errorf("%q: %q wrote another key", rule, text)
		}
	})
}
