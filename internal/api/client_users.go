package api

import (
	"context"
	"net/http"
	"net/url"
)

func userPath(name string) string { return "/api/v1/users/" + url.PathEscape(name) }

// Users lists the users of the console.
func (c *Client) Users(ctx context.Context) (out Users, err error) {
	err = c.call(ctx, http.MethodGet, "/api/v1/users", nil, &out)
	return out, err
}

// InviteUser lets somebody in.
func (c *Client) InviteUser(ctx context.Context, u NewUser) (out InvitedUser, err error) {
	err = c.call(ctx, http.MethodPost, "/api/v1/users", u, &out)
	return out, err
}

// ResetUser makes a link by which a user sets a new password.
func (c *Client) ResetUser(ctx context.Context, name string) (out InvitedUser, err error) {
	err = c.call(ctx, http.MethodPost, userPath(name)+"/reset", struct{}{}, &out)
	return out, err
}

// ChangeUser changes what a user may do.
func (c *Client) ChangeUser(ctx context.Context, name string, change UserChange) error {
	return c.call(ctx, http.MethodPatch, userPath(name), change, &Done{})
}

// RemoveUser removes a user.
func (c *Client) RemoveUser(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, userPath(name), nil, &Done{})
}
