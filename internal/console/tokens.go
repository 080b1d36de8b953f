package console

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/ordermux/ordermux/internal/api"
)

func (c *Console) tokenPlaces() []place {
	const (
		list = "/shops/{shop}/tokens"
		one  = list + "/{name}"
	)
	create, act := []string{"POST " + list}, []string{"POST " + one + "/rotate", "DELETE " + one}
	return []place{
		{at: "GET " + list, do: c.tokens},
		{at: "POST " + list, do: c.createToken, calls: create},
		{at: "POST " + one, do: c.actOnToken, calls: act},
		{at: "GET /tokens", do: c.tokens},
		{at: "POST /tokens", do: c.createToken, calls: create},
		{at: "POST /tokens/{name}", do: c.actOnToken, calls: act},
	}
}

// tokensPage lists the tokens of our API: of a shop, or of the hub.
type tokensPage struct {
	Path    string
	Tokens  []api.TokenInfo
	Scopes  []api.Scope
	Keeps   []int64
	Name    string // typed
	Scope   api.Scope
	Made    *api.NewToken // shown this once
	Problem *refusal
}

// tokensOf is the shop that the page is about.
func (v *visit) tokensOf() string { return cmp.Or(v.PathValue("shop"), api.Hub) }

func (c *Console) tokens(v *visit) error { return v.showTokens(tokensPage{Scope: api.Submit}) }

func (v *visit) showTokens(p tokensPage) error {
	if v.PathValue("shop") != "" {
		if _, err := v.shop(); err != nil {
			return err
		}
	}
	list, err := v.hub.Tokens(v.Context(), v.tokensOf())
	if err != nil {
		return err
	}
	p.Tokens, p.Scopes, p.Keeps, p.Path = list.Tokens, api.Scopes(), keeps(), v.tokensPath()
	return v.show(p.Problem.status(), "tokens", "tokens.title", p)
}

func (v *visit) tokensPath() string {
	if shop := v.PathValue("shop"); shop != "" {
		return shopPath(shop, "tokens")
	}
	return "/tokens"
}

func (c *Console) createToken(v *visit) error {
	p := tokensPage{Name: v.typed("name"), Scope: api.Scope(v.PostFormValue("scope"))}
	made, err := v.hub.CreateToken(v.Context(), v.tokensOf(), p.Name, p.Scope)
	if p.Problem = refusalOf(err); p.Problem == nil {
		if err != nil {
			return err
		}
		p = tokensPage{Made: &made, Scope: api.Submit}
	}
	return v.showTokens(p)
}

// actOnToken does what a button beside a token says.
func (c *Console) actOnToken(v *visit) error {
	name := v.PathValue("name")
	switch v.PostFormValue("act") {
	case "rotate":
		made, err := v.hub.RotateToken(v.Context(), v.tokensOf(), name, v.keep())
		if err != nil {
			return err
		}
		return v.showTokens(tokensPage{Made: &made, Scope: api.Submit})
	case "revoke":
		if err := v.hub.RevokeToken(v.Context(), v.tokensOf(), name); err != nil {
			return err
		}
		return v.done(v.tokensPath(), "token_revoked", 0)
	}
	return v.fail(http.StatusNotFound, "error.notfound")
}

// At is where the forms of a token post to.
func (p tokensPage) At(name string) string { return p.Path + "/" + url.PathEscape(name) }
