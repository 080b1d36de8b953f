package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
)

// club is a partner whose door has clients with an id and a secret, and users
// with a password. It answers what it finds.
func club() partner.Partner {
	return partner.Partner{Name: "club", Title: "Club", Settings: []partner.Field{
		{Name: "client_id", Door: true, Kind: partner.Text, Required: true, Make: partner.MakeUUID, Description: "Id of the client."},
		{Name: "client_secret", Door: true, Kind: partner.Text, Required: true, Secret: true, Credential: true, With: "client_id", Make: partner.MakeKey, Description: "Secret of the client."},
		{Name: "website_id", Door: true, Kind: partner.Text, Credential: true, Make: partner.MakeHex24, Description: "Website."},
		{Name: "signing_key", Door: true, Kind: partner.Text, Secret: true, Make: partner.MakeKey, Description: "Signs."},
		{Name: "domains", Door: true, Kind: partner.List, Description: "Domains."},
		{Name: "open", Door: true, Kind: partner.Bool, Default: "true", Description: "Whether it is open."},
		{Name: "email", Door: true, Kind: partner.Text, Of: "user", Required: true, Credential: true, Description: "Whose login."},
		{Name: "password", Door: true, Kind: partner.Text, Of: "user", Required: true, Secret: true, Password: true, Description: "Password of the user."},
		{Name: "role", Door: true, Kind: partner.Text, Of: "user", Default: "writer", Choices: []string{"reader", "writer"}, Description: "Role."},
	}, Door: newClub}
}

func newClub(d partner.Deps) (partner.Side, error) {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, g partner.Grant, ok bool, err error, more string) {
		switch {
		case errors.Is(err, secret.ErrToken):
			http.Error(w, "no token", http.StatusUnauthorized)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case !ok:
			http.Error(w, "nobody", http.StatusUnauthorized)
		default:
			fmt.Fprintf(w, "%s/%s/%s %s %s", g.Shop, g.Of, g.Name, g.Source.Name, more)
		}
	}
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		g, ok, err := d.Credentials.Find(r.Context(), "client_secret", partner.Joined(r.FormValue("id"), r.FormValue("secret")))
		answer(w, g, ok, err, d.Access.Issue(g, "access", "", time.Hour).Reveal())
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		g, _, err := d.Access.Check(r.Context(), "access", r.FormValue("token"))
		answer(w, g, true, err, g.Settings["client_id"].Text+" "+strings.Join(g.Settings["domains"].List, "+")+" "+g.Settings["open"].Text+" "+g.Currency)
	})
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		g, ok, err := d.Credentials.Find(r.Context(), "email", r.FormValue("email"))
		if err == nil {
			known := ok
			ok, err = d.Credentials.Check(r.Context(), g, "password", r.FormValue("password"))
			ok = ok && known
		}
		answer(w, g, ok, err, g.Settings["role"].Text)
	})
	mux.HandleFunc("/sign", func(w http.ResponseWriter, r *http.Request) {
		g, ok, err := d.Credentials.Find(r.Context(), "website_id", r.FormValue("website"))
		if ok && err == nil {
			ok, err = d.Credentials.Check(r.Context(), g, "signing_key", r.FormValue("key"))
		}
		answer(w, g, ok, err, "")
	})
	mux.HandleFunc("/list", func(w http.ResponseWriter, r *http.Request) {
		list, err := d.Credentials.All(r.Context(), r.FormValue("of"))
		if shop := r.FormValue("shop"); shop != "" {
			list, err = d.Credentials.List(r.Context(), shop, r.FormValue("of"))
		}
		for _, g := range list {
			answer(w, g, true, err, fmt.Sprint(g.Generation)+"\n")
		}
	})
	return partner.Side{Handler: mux}, nil
}

// clubText is the configuration of a shop with a client and a user of its own.
func clubText() string {
	return strings.Replace(shop(""), "    routes:", `      club:
        - {client_id: c-1, client_secret: configured-secret, domains: [a.example, b.example]}
        - {kind: user, name: berta, email: berta@shop.example, password: hunter2}
    routes:`, 1)
}

// withClub makes a hub know the club, by a text of its configuration.
func withClub(t *testing.T, p place, text string) func(*app.Options) {
	cfg, err := parse(p, text, club())
	if err != nil {
		t.Fatal(err)
	}
	return func(o *app.Options) {
		c := *cfg
		o.Partners, o.Config = append(all.List(), club()), &c
	}
}

// ask asks the club something: form is name, value …
func (h *hub) ask(path string, form ...string) (int, string) {
	h.t.Helper()
	v := url.Values{}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	status, body := send(h.t, "GET", h.URL()+"/club/"+path+"?"+v.Encode(), "", "")
	return status, strings.TrimSpace(body)
}

// token logs a client in; "": it may not.
func (h *hub) token(id, secret string) string {
	h.t.Helper()
	status, body := h.ask("token", "id", id, "secret", secret)
	if status == http.StatusUnauthorized {
		return ""
	}
	if status != http.StatusOK {
		h.t.Fatalf("%d %s", status, body)
	}
	return body[strings.LastIndexByte(body, ' ')+1:]
}

// me checks what a token says of its bearer; "-": nothing.
func (h *hub) me(token, want string) {
	h.t.Helper()
	status, body := h.ask("me", "token", token)
	if want == "-" && status == http.StatusUnauthorized {
		return
	}
	if status != http.StatusOK || body != want {
		h.t.Errorf("%d %q, want %q", status, body, want)
	}
}

func ref(kind, name string) api.CredentialRef {
	return api.CredentialRef{Shop: "nordlys", Partner: "club", Kind: kind, Name: name}
}

func TestCredentialsMadeAtRunTime(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		p := at(t)
		h := startHub(t, p, shop(""), withClub(t, p, clubText()))
		ctx := t.Context()
		made, err := h.api.CreateCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"domains": {"c.example", "d.example"}})
		if err != nil {
			t.Fatal(err)
		}
		id, first := made.Values["client_id"][0], made.Made["client_secret"]
		if made.URL != h.URL()+"/club" || made.Source != "club:erp" || len(first) != 43 || made.Made["signing_key"] == "" ||
			!regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) ||
			!regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(made.Values["website_id"][0]) {
			t.Errorf("%+v", made)
		}
		one := h.token(id, first)
		if one == "" || h.token(id, first+"x") != "" || h.token("other", first) != "" || h.token(id, "") != "" {
			t.Error("the wrong ones get in")
		}
		const bearer = " c.example+d.example true SEK"
		h.me(one, "nordlys//erp club:erp "+id+bearer)
		h.me(one+"x", "-")

		// Rotating: the old secret goes on for a while, tokens to their end.
		second, err := h.api.RotateCredential(ctx, ref("", "erp"), nil, time.Hour)
		if err != nil || second.Made["client_secret"] == first || second.Values["client_id"][0] != id || second.OldUntil.IsZero() {
			t.Fatalf("%+v %v", second, err)
		}
		for _, s := range []string{first, second.Made["client_secret"]} {
			if h.token(id, s) == "" {
				t.Error("a secret does not work after rotation")
			}
		}
		for _, key := range []string{made.Made["signing_key"], second.Made["signing_key"]} {
			if status, body := h.ask("sign", "website", made.Values["website_id"][0], "key", key); status != 200 {
				t.Errorf("%d %s", status, body)
			}
		}
		third, err := h.api.RotateCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"client_secret": {"chosen-by-hand"}}, 0)
		if err != nil || third.Made["client_secret"] != "" {
			t.Fatalf("%+v %v", third, err)
		}
		if h.token(id, "chosen-by-hand") == "" || h.token(id, first) != "" || h.token(id, second.Made["client_secret"]) != "" {
			t.Error("old secrets still work")
		}
		if status, _ := h.ask("sign", "website", made.Values["website_id"][0], "key", second.Made["signing_key"]); status != 401 {
			t.Errorf("an old key: %d", status)
		}
		h.me(one, "nordlys//erp club:erp "+id+bearer)

		// What is no secret can be changed.
		if _, err := h.api.ChangeCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"open": {"false"}, "domains": {}}); err != nil {
			t.Fatal(err)
		}
		h.me(one, "nordlys//erp club:erp "+id+"  false SEK")

		// Revoking tokens, then all.
		if err := h.api.RevokeTokensOf(ctx, ref("", "erp")); err != nil {
			t.Fatal(err)
		}
		h.me(one, "-")
		again := h.token(id, "chosen-by-hand")
		h.me(again, "nordlys//erp club:erp "+id+"  false SEK")
		if err := h.api.RevokeCredential(ctx, ref("", "erp")); err != nil {
			t.Fatal(err)
		}
		h.me(again, "-")
		if h.token(id, "chosen-by-hand") != "" {
			t.Error("revoked, and still works")
		}
		// The same name and values again: tokens of before stay dead.
		if _, err := h.api.CreateCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"client_id": {id}, "client_secret": {"chosen-by-hand"}}); err != nil {
			t.Fatal(err)
		}
		for _, old := range []string{one, again} {
			h.me(old, "-")
		}
		if h.token(id, "chosen-by-hand") == "" {
			t.Error("made again, and does not work")
		}
		h.nothingShows(t, first, second.Made["client_secret"], second.Made["signing_key"], "chosen-by-hand")
	})
}

// nothingShows looks for secrets where they must not stand.
func (h *hub) nothingShows(t *testing.T, secrets ...string) {
	t.Helper()
	list, err := h.api.Credentials(t.Context(), "nordlys", "club", "")
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprint(list) + h.logs.String()
	for _, s := range secrets {
		if strings.Contains(shown, s) {
			t.Errorf("%q shows", s)
		}
	}
}

func TestConfiguredCredentials(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		p := at(t)
		h := startHub(t, p, shop(""), withClub(t, p, clubText()))
		ctx := t.Context()
		token := h.token("c-1", "configured-secret")
		h.me(token, "nordlys//default club:default c-1 a.example+b.example true SEK")
		f := func(err error, detail string) {
			t.Helper()
			if p, ok := errors.AsType[*api.Problem](err); !ok || p.Status != http.StatusConflict || !strings.Contains(p.Detail, detail) {
				t.Errorf("%v, want %s", err, detail)
			}
		}
		_, err := h.api.CreateCredential(ctx, ref("", "default"), nil)
		f(err, "the configuration has a credential of that name")
		_, err = h.api.CreateCredential(ctx, ref("", "other"), map[string]api.FieldValue{"client_id": {"c-1"}, "client_secret": {"configured-secret"}})
		f(err, "another credential has the same client_secret")
		_, err = h.api.RotateCredential(ctx, ref("", "default"), nil, 0)
		f(err, "stands in the configuration")
		f(h.api.RevokeCredential(ctx, ref("", "default")), "stands in the configuration")
		// Its tokens can be ended all the same.
		if err := h.api.RevokeTokensOf(ctx, ref("", "default")); err != nil {
			t.Fatal(err)
		}
		h.me(token, "-")
		h.me(h.token("c-1", "configured-secret"), "nordlys//default club:default c-1 a.example+b.example true SEK")
		if _, body := h.ask("list"); body != "nordlys//default club:default 1" {
			t.Error(body)
		}
		// Users of the configuration.
		for password, want := range map[string]int{"hunter2": 200, "hunter3": 401, "": 401} {
			if status, body := h.ask("login", "email", "berta@shop.example", "password", password); status != want {
				t.Errorf("%q: %d %s", password, status, body)
			}
		}
		list, err := h.api.Credentials(ctx, "nordlys", "club", "")
		if err != nil || len(list.Credentials) != 2 || !list.Credentials[0].Configured || list.Credentials[1].Values["email"][0] != "b***@shop.example" ||
			!slices.Equal(list.Credentials[1].Secrets, []string{"password"}) {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestUsersOfADoor(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		p := at(t)
		h := startHub(t, p, shop(""), withClub(t, p, clubText()))
		ctx := t.Context()
		values := map[string]api.FieldValue{"email": {"cesar@shop.example"}, "password": {"correct horse"}, "role": {"reader"}}
		made, err := h.api.CreateCredential(ctx, ref("user", "cesar"), values)
		if err != nil || made.Values["email"][0] != "c***@shop.example" || len(made.Made) != 0 {
			t.Fatalf("%+v %v", made, err)
		}
		login := func(password string, want int) {
			t.Helper()
			status, body := h.ask("login", "email", "cesar@shop.example", "password", password)
			if status != want || want == 200 && body != "nordlys/user/cesar club:cesar reader" {
				t.Errorf("%d %s", status, body)
			}
		}
		login("correct horse", 200)
		login("correct horse ", 401)
		login("", 401)
		if status, _ := h.ask("login", "email", "nobody@shop.example", "password", "correct horse"); status != 401 {
			t.Errorf("nobody: %d", status)
		}
		if _, err := h.api.RotateCredential(ctx, ref("user", "cesar"), map[string]api.FieldValue{"password": {"battery"}}, 0); err != nil {
			t.Fatal(err)
		}
		login("battery", 200)
		login("correct horse", 401)
		if _, body := h.ask("list", "of", "user", "shop", "nordlys"); body != "nordlys/user/berta club:berta 0\nnordlys/user/cesar club:cesar 1" {
			t.Error(body)
		}
		// Two kinds may have one name; one address is one user's.
		if _, err := h.api.CreateCredential(ctx, ref("", "cesar"), nil); err != nil {
			t.Error(err)
		}
		if _, err := h.api.CreateCredential(ctx, ref("user", "dora"), values); !errors.Is(err, order.ErrConflict) {
			t.Error(err)
		}
		h.nothingShows(t, "correct horse", "battery", "cesar@shop.example")
		if p.database == "" {
			if err := h.stop(); err != nil {
				t.Fatal(err)
			}
			if found := p.holding(t, []string{"correct horse", "battery", "cesar@shop.example"}); len(found) > 0 {
				t.Errorf("on the disk: %v", found)
			}
		}
	})
}

func TestCredentialsThatAreRefused(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	h := startHub(t, p, shop(""), withClub(t, p, clubText()))
	f := func(kind string, values map[string]api.FieldValue, path, sentence string) {
		t.Helper()
		_, err := h.api.CreateCredential(t.Context(), ref(kind, "new"), values)
		bad, ok := errors.AsType[*order.Invalid](err)
		if !ok || len(bad.Faults) != 1 || bad.Faults[0].Path != path || !strings.Contains(bad.Faults[0].Reason, sentence) {
			t.Errorf("%v: %v", values, err)
		}
	}
	email := func(more ...string) map[string]api.FieldValue {
		out := map[string]api.FieldValue{"email": {"e@shop.example"}, "password": {"secret word"}}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = api.FieldValue{more[i+1]}
		}
		return out
	}
	f("user", map[string]api.FieldValue{"email": {"e@shop.example"}}, "values.password", "is missing: Password of the user")
	f("user", email("role", "king"), "values.role", "must be reader or writer")
	f("user", email("colour", "red"), "values.colour", "unknown field; fields are email, password, role")
	f("user", email("password", ""), "values.password", "is empty")
	f("user", email("email", "a\x01b"), "values.email", "control character")
	f("", map[string]api.FieldValue{"open": {"maybe"}}, "values.open", "must be true or false")
	f("", map[string]api.FieldValue{"open": {"true", "false"}}, "values.open", "must be one value")
	f("", map[string]api.FieldValue{"client_id": {}}, "values.client_id", "must be one value")
	f("king", nil, "kind", `kinds are "" (its own), user`)

	ctx := t.Context()
	if _, err := h.api.CreateCredential(ctx, ref("", "erp"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.api.CreateCredential(ctx, ref("", "erp"), nil); !errors.Is(err, order.ErrConflict) {
		t.Error(err)
	}
	g := func(err error, sentence string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), sentence) {
			t.Errorf("%v, want %s", err, sentence)
		}
	}
	_, err := h.api.ChangeCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"client_secret": {"x"}})
	g(err, "is a secret: rotate it")
	_, err = h.api.ChangeCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"client_id": {"x"}})
	g(err, "make another credential")
	_, err = h.api.RotateCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"client_id": {"x"}}, 0)
	g(err, "is no secret: change it")
	_, err = h.api.RotateCredential(ctx, ref("", "erp"), map[string]api.FieldValue{"client_secret": {}}, 0)
	g(err, "must be one value")
	_, err = h.api.RotateCredential(ctx, ref("", "none"), nil, 0)
	g(err, api.NotFound)
	g(h.api.RevokeCredential(ctx, ref("", "none")), api.NotFound)
	g(h.api.RevokeTokensOf(ctx, ref("", "none")), api.NotFound)
	_, err = h.api.Credentials(ctx, "nordlys", "webhook", "")
	g(err, "no partner of that name with a door")
}

// TestCredentialsOnEveryNode makes, rotates and revokes on one of two nodes and
// looks from the other one: what is new works there at once, and what is gone
// does not any more, by a token as by a secret.
func TestCredentialsOnEveryNode(t *testing.T) {
	t.Parallel()
	p := inDatabase(t)
	nodes := startNodes(t, p, 2, shop(""), withClub(t, p, clubText()))
	here, there := nodes[0], nodes[1]
	ctx := t.Context()
	there.me(there.token("c-1", "configured-secret"), "nordlys//default club:default c-1 a.example+b.example true SEK")
	made, err := here.api.CreateCredential(ctx, ref("", "erp"), nil)
	if err != nil {
		t.Fatal(err)
	}
	id, first := made.Values["client_id"][0], made.Made["client_secret"]
	bearer := "nordlys//erp club:erp " + id + "  true SEK"
	token := there.token(id, first)
	there.me(token, bearer)
	rotated, err := here.api.RotateCredential(ctx, ref("", "erp"), nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if there.token(id, rotated.Made["client_secret"]) == "" {
		t.Error("a new secret does not work on the other node at once")
	}
	if err := here.api.RevokeTokensOf(ctx, ref("", "erp")); err != nil {
		t.Fatal(err)
	}
	here.me(token, "-")
	there.me(here.token(id, first), bearer) // of a generation that it has not heard of
	there.me(token, "-")
	token = there.token(id, first)
	if err := here.api.RevokeCredential(ctx, ref("", "erp")); err != nil {
		t.Fatal(err)
	}
	if here.token(id, first) != "" {
		t.Error("revoked here, and still works")
	}
	if status, _ := there.ask("me", "token", token); status != http.StatusUnauthorized || there.token(id, first) != "" {
		t.Errorf("revoked here, and still works there: %d", status)
	}
	// Of several that make one name at a time, one does.
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 6 {
		wg.Go(func() {
			_, err := nodes[i%2].api.CreateCredential(ctx, ref("", "race"), map[string]api.FieldValue{"website_id": {fmt.Sprint("w", i)}})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, order.ErrConflict) {
				t.Error(err)
			}
		})
		wg.Go(func() {
			_, err := nodes[i%2].api.CreateCredential(ctx, ref("", fmt.Sprint("site-", i)), map[string]api.FieldValue{"website_id": {"taken"}})
			if err == nil {
				won.Add(10)
			} else if !errors.Is(err, order.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 11 {
		t.Errorf("%d", won.Load())
	}
}
