package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/user"
)

// people are users that one test may change: nread, and one of the name that
// nobody can take.
type people struct{}

func (people) List(context.Context) ([]user.User, error) {
	return []user.User{{Name: "nread", Role: user.Viewer, Made: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), Invited: true}}, nil
}

func (people) Invite(_ context.Context, name string, role user.Role) (secret.Text, error) {
	switch {
	case name == "nread":
		return secret.Text{}, fmt.Errorf("a user: %w", order.ErrConflict)
	case role == "":
		return secret.Text{}, order.Refuse("role", order.Malformed, "must be viewer, operator or admin")
	}
	return secret.New("link_1"), nil
}

func (people) Reset(_ context.Context, name string) (secret.Text, error) {
	return secret.New("link_2"), known(name)
}

func (people) SetRole(_ context.Context, name string, _ user.Role) error { return known(name) }
func (people) Disable(_ context.Context, name string, _ bool) error      { return known(name) }
func (people) Remove(_ context.Context, name string) error               { return known(name) }

func known(name string) error {
	switch name {
	case "last":
		return user.ErrLastAdmin
	case "nread":
		return nil
	}
	return order.ErrNotFound
}

func TestUsers(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(method, path, body string, status int, want string) {
		t.Helper()
		r := h.call(method, "/api/v1/users"+path, admin, body)
		if r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("%s %s %s: %d %s", method, path, body, r.status, r.body)
		}
	}
	f("GET", "", "", 200, `"invited":true`)
	f("POST", "", `{"name": "bo", "role": "viewer"}`, 201, `"token":"link_1"`)
	f("POST", "", `{"name": "nread", "role": "viewer"}`, 409, "exists")
	f("POST", "", `{"name": "bo"}`, 400, "role")
	f("POST", "/nread/reset", `{}`, 201, "link_2")
	f("POST", "/none/reset", `{}`, 404, "")
	f("PATCH", "/nread", `{"role": "admin", "disabled": false}`, 200, "")
	f("PATCH", "/last", `{"role": "viewer"}`, 409, "last admin")
	f("PATCH", "/last", `{"disabled": true}`, 409, "last admin")
	f("DELETE", "/last", "", 409, "last admin")
	f("DELETE", "/nread", "", 200, "")
	f("DELETE", "/none", "", 404, "")
}

// TestAsSomebody: the console calls as whoever is signed in, without a token.
func TestAsSomebody(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	for scope, want := range map[api.Scope]int{api.Read: 403, api.Admin: 200} {
		r, err := http.NewRequestWithContext(api.As(t.Context(), api.Grant{Shop: api.Hub, Scope: scope, Name: "ada"}), "GET", "/api/v1/users", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.within(r); got != want {
			t.Errorf("%s: %d", scope, got)
		}
	}
}
