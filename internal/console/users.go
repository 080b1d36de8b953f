package console

import (
	"net/http"
	"net/url"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/user"
)

func (c *Console) userPlaces() []place {
	return []place{
		{at: "GET /users", do: c.users},
		{at: "POST /users", do: c.invite, calls: []string{"POST /users"}},
		{at: "POST /users/{name}", do: c.changeUser, calls: []string{"PATCH /users/{name}", "DELETE /users/{name}", "POST /users/{name}/reset"}},
	}
}

// usersPage lists those who may sign in.
type usersPage struct {
	Users   []user.User
	Name    string // whom the link is for
	Link    string // shown once; "": none was made
	Typed   string // the name of somebody who was not let in
	Role    user.Role
	Problem *refusal
}

func (c *Console) users(v *visit) error { return v.showUsers(usersPage{}) }

func (v *visit) showUsers(p usersPage) error {
	list, err := v.hub.Users(v.Context())
	if err != nil {
		return err
	}
	p.Users = list.Users
	return v.show(p.Problem.status(), "users", "users.title", p)
}

func (c *Console) invite(v *visit) error {
	who := api.NewUser{Name: v.typed("name"), Role: user.Role(v.PostFormValue("role"))}
	made, err := v.hub.InviteUser(v.Context(), who)
	if problem := refusalOf(err); problem != nil {
		return v.showUsers(usersPage{Typed: who.Name, Role: who.Role, Problem: problem})
	}
	if err != nil {
		return err
	}
	return v.showUsers(usersPage{Name: made.Name, Link: v.c.link(made.Token)})
}

func (c *Console) link(token string) string {
	return c.PublicURL() + "/welcome/" + url.PathEscape(token)
}

// changeUser does what a button beside a user's name says.
func (c *Console) changeUser(v *visit) error {
	name, act := v.PathValue("name"), v.PostFormValue("act")
	disabled := act == "disable"
	var err error
	switch act {
	case "enable", "disable":
		err = v.hub.ChangeUser(v.Context(), name, api.UserChange{Disabled: &disabled})
	case "role":
		role := user.Role(v.PostFormValue("role"))
		err = v.hub.ChangeUser(v.Context(), name, api.UserChange{Role: &role})
	case "remove":
		err = v.hub.RemoveUser(v.Context(), name)
	case "reset":
		made, err := v.hub.ResetUser(v.Context(), name)
		if err != nil {
			return err
		}
		return v.showUsers(usersPage{Name: name, Link: c.link(made.Token)})
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if problem := refusalOf(err); problem != nil {
		return v.showUsers(usersPage{Problem: problem})
	}
	if err != nil {
		return err
	}
	return v.done("/users", "user_"+act, 0)
}
