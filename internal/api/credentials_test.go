package api_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// fakeCredentials knows the credential "nread" of every door and remembers what
// it was asked; the real ones have their own tests.
type fakeCredentials struct{ asked []string }

func (f *fakeCredentials) ask(what string, ref api.CredentialRef) error {
	f.asked = append(f.asked, what+" "+ref.Shop+" "+ref.String())
	if ref.Name == "none" {
		return order.ErrNotFound
	}
	return nil
}

func (f *fakeCredentials) credential(ref api.CredentialRef) api.Credential {
	return api.Credential{
		Shop: ref.Shop, Partner: ref.Partner, Kind: ref.Kind, Name: ref.Name, Source: ref.Partner + ":" + ref.Name, Created: now,
		Values: map[string]api.FieldValue{"channel": {"online"}, "domains": {"a.example", "b.example"}}, Secrets: []string{"api_key"},
	}
}

func (f *fakeCredentials) List(_ context.Context, shop, partner string) ([]api.Credential, error) {
	if partner == "nobody" {
		return nil, order.ErrNotFound
	}
	ref := api.CredentialRef{Shop: shop, Partner: partner, Name: "nread"}
	user := ref
	user.Kind = "user"
	return []api.Credential{f.credential(ref), f.credential(user)}, nil
}

func (f *fakeCredentials) made(ref api.CredentialRef) api.NewCredential {
	return api.NewCredential{Credential: f.credential(ref), URL: "https://hub.example/" + ref.Partner, Made: map[string]string{"api_key": "once"}}
}

func (f *fakeCredentials) Create(_ context.Context, ref api.CredentialRef, _ map[string]api.FieldValue) (api.NewCredential, error) {
	return f.made(ref), f.ask("create", ref)
}

func (f *fakeCredentials) Change(_ context.Context, ref api.CredentialRef, _ map[string]api.FieldValue) (api.Credential, error) {
	return f.credential(ref), f.ask("change", ref)
}

func (f *fakeCredentials) Rotate(_ context.Context, ref api.CredentialRef, _ map[string]api.FieldValue, keep time.Duration) (api.NewCredential, error) {
	return f.made(ref), f.ask("rotate keeping "+keep.String(), ref)
}

func (f *fakeCredentials) Revoke(_ context.Context, ref api.CredentialRef) error {
	return f.ask("revoke", ref)
}

func (f *fakeCredentials) RevokeTokens(_ context.Context, ref api.CredentialRef) error {
	return f.ask("revoke tokens", ref)
}

func (f *fakeCredentials) Kinds(string) []partner.CredentialKind {
	return []partner.CredentialKind{{}, {Of: "user"}, {Of: "token", Most: 2, Names: []string{"Orders"}, Advice: "Keep it safe."}}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	fake := &fakeCredentials{}
	h := newHub(t, func(o *api.Options) { o.Credentials = fake })
	c := h.client(admin)
	user := api.CredentialRef{Shop: "nordlys", Partner: "citrusad", Kind: "user", Name: "anna"}
	own := api.CredentialRef{Shop: "nordlys", Partner: "citrusad", Name: "erp"}
	values := map[string]api.FieldValue{"channel": {"offline"}, "api_key": {"hush-hush"}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	made, err := c.CreateCredential(ctx, user, values)
	must(err)
	if made.URL != "https://hub.example/citrusad" || made.Made["api_key"] != "once" || made.Kind != "user" || len(made.Values["domains"]) != 2 {
		t.Errorf("%+v", made)
	}
	_, err = c.ChangeCredential(ctx, user, map[string]api.FieldValue{"channel": {}, "open": {"true"}})
	must(err)
	_, err = c.RotateCredential(ctx, own, nil, 90*time.Minute)
	must(err)
	must(c.RevokeTokensOf(ctx, user))
	must(c.RevokeCredential(ctx, own))
	want := []string{
		"create nordlys credential citrusad/user/anna", "change nordlys credential citrusad/user/anna",
		"rotate keeping 1h30m0s nordlys credential citrusad/erp",
		"revoke tokens nordlys credential citrusad/user/anna", "revoke nordlys credential citrusad/erp",
	}
	if d := cmp.Diff(want, fake.asked); d != "" {
		t.Error(d)
	}
	// Who did what is recorded, without a value.
	want = []string{
		"operator:admin: create credential citrusad/user/anna", "operator:admin: change credential citrusad/user/anna: fields channel, open",
		"operator:admin: rotate credential citrusad/erp: keep=1h30m0s",
		"operator:admin: revoke tokens credential citrusad/user/anna", "operator:admin: revoke credential citrusad/erp",
	}
	if d := cmp.Diff(want, h.ledger.acts("nordlys")); d != "" {
		t.Error(d)
	}
	list, err := c.Credentials(ctx, "nordlys", "citrusad", "")
	if err != nil || len(list.Credentials) != 2 || list.URL != "https://hub.example/citrusad" {
		t.Errorf("%+v %v", list, err)
	}
	if len(list.Kinds) != 3 || list.Kinds[2].Most != 2 || list.Kinds[2].Names[0] != "Orders" || list.Kinds[2].Advice == "" {
		t.Errorf("%+v", list.Kinds)
	}
	if list, err = c.Credentials(ctx, "nordlys", "citrusad", "user"); err != nil || len(list.Credentials) != 1 || len(list.Kinds) != 1 {
		t.Errorf("%+v %v", list, err)
	}
	one, err := c.Credential(ctx, api.CredentialRef{Shop: "nordlys", Partner: "citrusad", Kind: "user", Name: "nread"})
	if err != nil || one.Kind != "user" {
		t.Errorf("%+v %v", one, err)
	}
	if _, err := c.Credential(ctx, own); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if _, err := c.Credentials(ctx, "nordlys", "nobody", ""); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
}

func TestCredentialCallsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(method, path, body string, status int, detail string) {
		t.Helper()
		r := h.call(method, "/api/v1/shops/nordlys/credentials/citrusad"+path, admin, body)
		if p := r.problem(t); r.status != status || !strings.Contains(p.Detail, detail) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	f("POST", "", `{"values":{}}`, 400, "name: must be 1 to 64 characters")
	f("POST", "", `{"name":"Erp"}`, 400, "name: must be 1 to 64 characters")
	f("POST", "", `{"name":" Orders","kind":"token"}`, 400, "without blanks around it")
	f("POST", "", `{"name":"erp","values":{"api_key":{"a":1}}}`, 400, "values.api_key")
	f("POST", "", `{"name":"erp","colour":"red"}`, 400, "colour")
	f("PATCH", "/nread", `{"values":{}}`, 400, "values")
	f("POST", "/nread/rotate", `{"keep_seconds":-1}`, 400, "keep_seconds")
	f("POST", "/nread/rotate?sort=up", ``, 400, "unknown parameter")
	f("POST", "/none/rotate", ``, 404, api.NotFound)
	f("DELETE", "/none?kind=user", ``, 404, api.NotFound)
	none := newHub(t, func(o *api.Options) { o.Credentials = nil })
	if r := none.call("GET", "/api/v1/shops/nordlys/credentials/citrusad", admin, ""); r.status != http.StatusNotFound {
		t.Errorf("%d", r.status)
	}
}

func TestFieldValues(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...string) {
		t.Helper()
		var v api.FieldValue
		if err := json.Unmarshal([]byte(text), &v); err != nil || !slices.Equal(v, want) {
			t.Errorf("%s: %q %v", text, v, err)
		}
	}
	f(`"a"`, "a")
	f(`["a","b"]`, "a", "b")
	f(`[]`)
	f(`null`)
	f(`true`, "true")
	f(`12.50`, "12.50")
	for _, text := range []string{`{}`, `[1]`, `[["a"]]`} {
		var v api.FieldValue
		if err := json.Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s: %q", text, v)
		}
	}
}

func TestMaskEmail(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"anna.svensson@customer.example": "a***@customer.example", "å@customer.example": "å***@customer.example",
		"@customer.example": "***", "none": "***", "": "", "a@b@c.example": "a***@c.example",
	} {
		if got := api.MaskEmail(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}
