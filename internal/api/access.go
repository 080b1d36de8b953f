package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
)

// Scope says what a token may do.
type Scope string

// The scopes. Operate holds read and submit, admin holds all.
const (
	Submit  Scope = "submit"  // hand events in
	Read    Scope = "read"    // look, personal data included
	Operate Scope = "operate" // pause, retry, correct …
	Admin   Scope = "admin"   // tokens, erasing; of the hub also reload and backup
)

// Scopes lists the scopes.
func Scopes() []Scope { return []Scope{Submit, Read, Operate, Admin} }

// Covers reports whether a token of scope s may do what needs scope want.
func (s Scope) Covers(want Scope) bool {
	switch s {
	case Admin:
		return true
	case Operate:
		return want == Operate || want == Read || want == Submit
	}
	return s == want && (s == Read || s == Submit)
}

// Grant is what a token opens.
type Grant struct {
	Shop  string // Hub: every shop and the hub itself
	Scope Scope
	Name  string // of the token; rotation keeps it
}

// Hub reports whether the grant reaches every shop.
func (g Grant) Hub() bool { return g.Shop == Hub }

// ErrTokenUnknown is Check's error for a token that does not exist, is revoked
// or has expired.
var ErrTokenUnknown = errors.New("unknown token")

// TokenInfo describes a token; the token itself is shown once, when made.
type TokenInfo struct {
	Shop    string    `json:"shop"`
	Name    string    `json:"name"`
	Scope   Scope     `json:"scope"`
	Created time.Time `json:"created"`
	Rotated time.Time `json:"rotated,omitzero"`
	// OldUntil is when the token before the last rotation stops working.
	OldUntil time.Time `json:"old_until,omitzero"`
	// Used is when somebody called with it last, as far as this node has heard.
	Used time.Time `json:"last_used,omitzero"`
}

// Tokens keeps the API's tokens, as hashes. A token's name is unique in its
// shop; the shop Hub holds those that reach every shop.
type Tokens interface {
	// Check finds the grant of a presented token. Error: ErrTokenUnknown;
	// anything else is a trouble of ours. The configured admin token is
	// Grant{Shop: Hub, Scope: Admin, Name: "admin"}.
	Check(ctx context.Context, presented string) (Grant, error)
	// Create makes a token. order.ErrConflict if the name is taken.
	Create(ctx context.Context, shop, name string, scope Scope) (secret.Text, error)
	List(ctx context.Context, shop string) ([]TokenInfo, error)
	// Rotate makes a new token of the same name and scope; the old one works
	// for keep longer. order.ErrNotFound without one.
	Rotate(ctx context.Context, shop, name string, keep time.Duration) (secret.Text, error)
	// Revoke ends a token at once. order.ErrNotFound without one.
	Revoke(ctx context.Context, shop, name string) error
}

// admit checks the caller's token against the endpoint's scope and shop.
func (a *API) admit(r *http.Request, e endpoint) (*request, error) {
	grant, err := a.authenticate(r)
	if err != nil {
		return nil, err
	}
	req := &request{Request: r, grant: grant, shop: r.PathValue("shop")}
	ofShop := strings.Contains(e.pattern, "{shop}")
	switch {
	case !grant.Scope.Covers(e.scope):
		return nil, problemf(http.StatusForbidden, "this needs a token with the scope %s; %q has %s", e.scope, grant.Name, grant.Scope)
	case ofShop && !grant.Hub() && grant.Shop != req.shop:
		return nil, problemf(http.StatusForbidden, "the token is not of this shop")
	case !ofShop && !grant.Hub() && !e.shared():
		return nil, problemf(http.StatusForbidden, "this needs a token of the hub, not of one shop")
	case !ofShop || req.shop == Hub && e.hubToo():
		return req, nil
	}
	if _, known := a.shop(req.shop); !known {
		return nil, problemf(http.StatusNotFound, "there is no such shop")
	}
	return req, nil
}

// shared reports whether a token of one shop may call the hub's endpoint,
// which then speaks of that shop alone, or of none.
func (e endpoint) shared() bool {
	return e.pattern == "/api/v1/shops" || e.pattern == "/api/v1/alerts" || e.pattern == "/api/v1/partners"
}

// hubToo reports whether the endpoint also knows the reserved shop Hub.
func (e endpoint) hubToo() bool {
	return strings.Contains(e.pattern, "/tokens") || strings.Contains(e.pattern, "/captures") || strings.HasSuffix(e.pattern, "/verify") ||
		strings.HasSuffix(e.pattern, "/acts") || strings.HasSuffix(e.pattern, "/refused")
}

func (a *API) authenticate(r *http.Request) (Grant, error) {
	if grant, ok := as(r.Context()); ok {
		return grant, nil
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !ok || token == "" || !strings.EqualFold(scheme, "Bearer") {
		return Grant{}, problemf(http.StatusUnauthorized, "send the token as Authorization: Bearer TOKEN")
	}
	grant, err := a.Tokens.Check(r.Context(), token)
	if errors.Is(err, ErrTokenUnknown) {
		return Grant{}, problemf(http.StatusUnauthorized, "the token is unknown, revoked or expired")
	}
	return grant, err
}

// sourceHeader names the shop's import as the source instead of the token.
const sourceHeader = "Ordermux-Source"

// source is who hands events in: an import by name, else the token.
func (r *request) source() order.Source {
	if r.Header.Get(sourceHeader) == "import" {
		return order.Source{Name: "import", Rank: order.RankShop}
	}
	return order.Source{Name: "api:" + r.grant.Name, Rank: order.RankShop}
}

// operatorPrefix begins the sources that are people who act by hand.
const operatorPrefix = "operator:"

// operator is who acts by hand.
func (r *request) operator() order.Source {
	return order.Source{Name: operatorPrefix + r.grant.Name, Rank: order.RankOperator}
}
