package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/user"
)

// People are the users of the console; *user.Book is one.
type People interface {
	List(ctx context.Context) ([]user.User, error)
	Invite(ctx context.Context, name string, role user.Role) (secret.Text, error)
	Reset(ctx context.Context, name string) (secret.Text, error)
	SetRole(ctx context.Context, name string, role user.Role) error
	Disable(ctx context.Context, name string, disabled bool) error
	Remove(ctx context.Context, name string) error
}

// Users lists those who may sign in to the console.
type Users struct {
	Users []user.User `json:"users"`
}

// NewUser is somebody who is let in.
type NewUser struct {
	Name string    `json:"name"`
	Role user.Role `json:"role"`
}

// InvitedUser holds what opens the page where a password is set, shown once:
// the console's /welcome/TOKEN.
type InvitedUser struct {
	Name  string `json:"name"`
	Token string `json:"token"`
}

// UserChange says what shall be other of a user.
type UserChange struct {
	Role     *user.Role `json:"role,omitzero"`
	Disabled *bool      `json:"disabled,omitzero"`
}

// withPeople answers 404 where the hub has no console.
func withPeople(do func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if a.People == nil {
			return nil, problemf(http.StatusNotFound, "this hub has no console")
		}
		return do(a, r)
	}
}

func (a *API) listUsers(r *request) (any, error) {
	list, err := a.People.List(r.Context())
	if list == nil {
		list = []user.User{}
	}
	return Users{Users: list}, err
}

func (a *API) inviteUser(r *request) (any, error) {
	var in NewUser
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	token, err := a.People.Invite(r.Context(), in.Name, in.Role)
	if errors.Is(err, order.ErrConflict) {
		return nil, problemf(http.StatusConflict, "a user of that name exists")
	}
	if err != nil {
		return nil, err
	}
	a.record(r, "invite", "user "+in.Name, "role="+string(in.Role))
	return created{InvitedUser{Name: in.Name, Token: token.Reveal()}}, nil
}

func (a *API) resetUser(r *request) (any, error) {
	var in struct{}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	token, err := a.People.Reset(r.Context(), name)
	if err != nil {
		return nil, err
	}
	a.record(r, "reset", "user "+name, "")
	return created{InvitedUser{Name: name, Token: token.Reveal()}}, nil
}

func (a *API) changeUser(r *request) (any, error) {
	var in UserChange
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	if in.Role != nil {
		if err := a.People.SetRole(r.Context(), name, *in.Role); err != nil {
			return nil, lastAdmin(err)
		}
		a.record(r, "change", "user "+name, "role="+string(*in.Role))
	}
	if in.Disabled != nil {
		if err := a.People.Disable(r.Context(), name, *in.Disabled); err != nil {
			return nil, lastAdmin(err)
		}
		a.record(r, map[bool]string{true: "disable", false: "enable"}[*in.Disabled], "user "+name, "")
	}
	return Done{Done: true}, nil
}

func (a *API) removeUser(r *request) (any, error) {
	name := r.PathValue("name")
	if err := a.People.Remove(r.Context(), name); err != nil {
		return nil, lastAdmin(err)
	}
	a.record(r, "remove", "user "+name, "")
	return Done{Done: true}, nil
}

func lastAdmin(err error) error {
	if errors.Is(err, user.ErrLastAdmin) {
		return problemf(http.StatusConflict, "%s", err)
	}
	return err
}
