package trustpilot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// Lifetimes (https://developers.trustpilot.com/authentication, seen 2026): 100
// hours, told as one second less.
const (
	accessLife = 100 * time.Hour
	codeLife   = 10 * time.Minute // our choice
)

// serveToken serves accesstoken, refresh and revoke.
func (d *door) serveToken(w http.ResponseWriter, r *http.Request, call string) {
	handle := map[string]func(http.ResponseWriter, *http.Request, url.Values) error{
		"accesstoken": d.handleToken, "refresh": d.handleToken, "revoke": d.handleRevoke,
	}[call]
	if handle == nil {
		d.fail(w, r, notFound())
		return
	}
	d.only(w, r, "POST", func() error {
		form, err := readForm(w, r)
		if p := (*problem)(nil); errors.As(err, &p) && p.number == 1001 {
			return badForm("The request body can not be read")
		}
		if err != nil {
			return err
		}
		return handle(w, r, form)
	})
}

// handleToken is POST …/accesstoken and …/refresh: either takes any grant.
func (d *door) handleToken(w http.ResponseWriter, r *http.Request, form url.Values) error {
	grants := map[string]func(context.Context, partner.Grant, url.Values) (wireToken, error){
		"client_credentials": d.grantClient, "password": d.grantPassword,
		"authorization_code": d.grantCode, "refresh_token": d.grantRefresh,
	}
	kind := form.Get("grant_type")
	if kind == "" {
		return badForm("Required param : grant_type")
	}
	grant := grants[kind]
	if grant == nil {
		return badForm("Unsupported grant type")
	}
	for _, name := range needed[kind] {
		if form.Get(name) == "" {
			return badForm("Required param : " + name)
		}
	}
	g, err := d.client(r, form)
	if err != nil {
		return err
	}
	token, err := grant(r.Context(), g, form)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	answerJSON(w, http.StatusOK, token)
	return nil
}

// needed are the fields of the form that a grant can not do without.
var needed = map[string][]string{
	"password":           {"username", "password"},
	"authorization_code": {"code", "redirect_uri"},
	"refresh_token":      {"refresh_token"},
}

// A login is a chain of tokens: what it began with, and all that were got by
// refreshing. Every token names its chain and its user: "chain.once/user.generation",
// "chain.once/" where there is none. Revoking one of them ends them all. Once is
// of no meaning: without it two tokens of one second would be the same.

// chainOf reads what a token names; who is "" where there is no user.
func chainOf(data string) (chain, who string) {
	head, who, _ := strings.Cut(data, "/")
	chain, _, _ = strings.Cut(head, ".")
	return chain, who
}

// grantClient gives a token of the application alone: no user, no refresh.
func (d *door) grantClient(_ context.Context, g partner.Grant, _ url.Values) (wireToken, error) {
	return d.issue(g, newChain(), ""), nil
}

func (d *door) grantPassword(ctx context.Context, g partner.Grant, form url.Values) (wireToken, error) {
	user, err := d.user(ctx, g.Shop, form.Get("username"), form.Get("password"))
	if err != nil {
		return wireToken{}, err
	}
	if user == nil {
		return wireToken{}, wrongGrant()
	}
	return d.issueFor(g, newChain(), *user), nil
}

// grantCode takes a code of the login page, once.
func (d *door) grantCode(ctx context.Context, g partner.Grant, form url.Values) (wireToken, error) {
	owner, data, err := d.deps.Access.Check(ctx, useCode, form.Get("code"))
	if err != nil {
		return wireToken{}, tokenFault(err)
	}
	id, rest, _ := strings.Cut(data, "/")
	back, who, _ := strings.Cut(rest, "/")
	if owner.Shop != g.Shop || owner.Name != g.Name || back != madeID("redirect", form.Get("redirect_uri")) {
		return wireToken{}, wrongGrant()
	}
	user, err := d.userOf(ctx, g.Shop, who)
	if err != nil {
		return wireToken{}, err
	}
	if user == nil {
		return wireToken{}, wrongGrant()
	}
	first, err := d.first(ctx, "code/"+id+"/", codeLife)
	if err != nil {
		return wireToken{}, err
	}
	if !first {
		return wireToken{}, wrongGrant()
	}
	return d.issueFor(g, id, *user), nil
}

// first reports whether nobody has been here before; of several at the same
// time, on several nodes, at most one is the first. Each leaves a mark of its
// own and then counts the marks.
func (d *door) first(ctx context.Context, place string, ttl time.Duration) (bool, error) {
	if err := d.deps.State.Put(ctx, place+randomHex(8), []byte{'1'}, ttl); err != nil {
		return false, err
	}
	marks, _, err := d.deps.State.List(ctx, place, "", 2)
	return len(marks) == 1, err
}

// grantRefresh gives new tokens for a refresh token. That one stays good until
// it ends or is revoked: a client that lost the answer asks again.
func (d *door) grantRefresh(ctx context.Context, g partner.Grant, form url.Values) (wireToken, error) {
	token := strings.TrimPrefix(form.Get("refresh_token"), prefixRefresh)
	owner, data, err := d.alive(ctx, useRefresh, token)
	if err != nil {
		return wireToken{}, tokenFault(err)
	}
	chain, who := chainOf(data)
	user, err := d.userOf(ctx, g.Shop, who)
	if err != nil {
		return wireToken{}, err
	}
	if user == nil || owner.Shop != g.Shop || owner.Name != g.Name {
		return wireToken{}, wrongGrant()
	}
	answer := d.issueFor(g, chain, *user)
	answer.AppEnduser, answer.ClientID = "", ""
	return answer, nil
}

// tokenFault is why a code or refresh token is not taken.
func tokenFault(err error) error {
	if errors.Is(err, secret.ErrToken) || errors.Is(err, secret.ErrExpired) {
		return wrongGrant()
	}
	return err
}

// alive checks a token. Errors: secret.ErrToken for one that was revoked, and
// those of Access.Check.
func (d *door) alive(ctx context.Context, use, token string) (partner.Grant, string, error) {
	g, data, err := d.deps.Access.Check(ctx, use, token)
	if err != nil {
		return g, "", err
	}
	chain, _ := chainOf(data)
	over, err := d.revoked.has(ctx, d.deps.State, chain, d.now())
	if err == nil && over {
		err = secret.ErrToken
	}
	return g, data, err
}

// handleRevoke ends a login, by its refresh token or, as Trustpilot's own
// collection of requests seems to do it, by its access token. Clients send the
// application's Basic or nothing at all; a wrong one is refused.
func (d *door) handleRevoke(w http.ResponseWriter, r *http.Request, form url.Values) error {
	token := form.Get("token")
	if token == "" {
		return badForm("Required param : token")
	}
	if r.Header.Get("Authorization") != "" {
		if _, err := d.client(r, form); err != nil {
			return err
		}
	}
	use := useRefresh
	if access, ok := strings.CutPrefix(token, prefixAccess); ok {
		use, token = useAccess, access
	}
	g, data, err := d.alive(r.Context(), use, strings.TrimPrefix(token, prefixRefresh))
	if errors.Is(err, secret.ErrToken) || errors.Is(err, secret.ErrExpired) {
		return notFound()
	}
	if err != nil {
		return err
	}
	chain, _ := chainOf(data)
	if err := d.revoked.add(r.Context(), d.deps.State, chain, max(refreshLife(g), accessLife)); err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, struct{}{})
	return nil
}

// issue makes the tokens of an application, or of a user with it.
func (d *door) issue(g partner.Grant, chain, who string) wireToken {
	now := d.now()
	at := strconv.FormatInt(now.Unix(), 10)
	if g.Settings["issued_at"].Text == "milliseconds" {
		at = strconv.FormatInt(now.UnixMilli(), 10)
	}
	data := chain + "." + randomHex(4) + "/" + who
	t := wireToken{
		AccessToken: prefixAccess + d.deps.Access.Issue(g, useAccess, data, accessLife).Reveal(),
		ExpiresIn:   strconv.Itoa(int(accessLife.Seconds()) - 1), TokenType: "BearerToken", IssuedAt: at,
	}
	if who != "" {
		life := refreshLife(g)
		t.RefreshToken = prefixRefresh + d.deps.Access.Issue(g, useRefresh, data, life).Reveal()
		t.RefreshTokenExpiresIn, t.RefreshTokenIssuedAt = strconv.Itoa(int(life.Seconds())), at
		t.RefreshTokenStatus = "approved"
	}
	return t
}

func (d *door) issueFor(g partner.Grant, chain string, user partner.Grant) wireToken {
	t := d.issue(g, chain, userData(user))
	t.AppEnduser, t.ClientID = userID(user), g.Settings[fieldKey].Text
	return t
}

func refreshLife(g partner.Grant) time.Duration {
	life, err := time.ParseDuration(g.Settings["refresh_lifetime"].Text)
	if err != nil || life <= 0 {
		return 30 * 24 * time.Hour
	}
	return life
}

func newChain() string { return randomHex(12) }

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
