package api

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// maxKeep bounds, in seconds, how long what was rotated keeps working.
const maxKeep = 365 * 24 * 3600

// DefaultKeep is how long the token before a rotation keeps working.
const DefaultKeep = 24 * time.Hour

var names = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`)

func (a *API) listTokens(r *request) (any, error) {
	list, err := a.Tokens.List(r.Context(), r.shop)
	if list == nil {
		list = []TokenInfo{}
	}
	return TokenList{Tokens: list}, err
}

func (a *API) createToken(r *request) (any, error) {
	var in struct {
		Name  string `json:"name"`
		Scope Scope  `json:"scope"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	switch {
	case !names.MatchString(in.Name):
		return nil, order.Refuse("name", order.Malformed, "must be 1 to 64 characters of a-z, 0-9, - and _")
	case !slices.Contains(Scopes(), in.Scope):
		return nil, order.Refuse("scope", order.Malformed, "must be submit, read, operate or admin")
	case r.shop == Hub && in.Name == "admin":
		return nil, order.Refuse("name", order.Malformed, "is the configured admin token's; choose another")
	}
	token, err := a.Tokens.Create(r.Context(), r.shop, in.Name, in.Scope)
	if errors.Is(err, order.ErrConflict) {
		return nil, problemf(http.StatusConflict, "a token of that name exists; rotate or revoke it")
	}
	if err != nil {
		return nil, err
	}
	a.record(r, "create", "token "+in.Name, "scope="+string(in.Scope))
	return created{NewToken{Shop: r.shop, Name: in.Name, Scope: in.Scope, Token: token.Reveal()}}, nil
}

func (a *API) rotateToken(r *request) (any, error) {
	var in struct {
		KeepSeconds *int64 `json:"keep_seconds,omitzero"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	keep := DefaultKeep
	if in.KeepSeconds != nil {
		keep = time.Duration(*in.KeepSeconds) * time.Second
		if *in.KeepSeconds < 0 || *in.KeepSeconds > maxKeep {
			return nil, order.Refuse("keep_seconds", order.Malformed, "must be 0 to 31536000 (a year)")
		}
	}
	name := r.PathValue("name")
	token, err := a.Tokens.Rotate(r.Context(), r.shop, name, keep)
	if err != nil {
		return nil, err
	}
	a.record(r, "rotate", "token "+name, "keep="+keep.String())
	return created{NewToken{Shop: r.shop, Name: name, Token: token.Reveal()}}, nil
}

func (a *API) revokeToken(r *request) (any, error) {
	name := r.PathValue("name")
	if err := a.Tokens.Revoke(r.Context(), r.shop, name); err != nil {
		return nil, err
	}
	a.record(r, "revoke", "token "+name, "")
	return Done{Done: true}, nil
}
