package trustpilot

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// roleAdmin and roleManager are the roles that may invite and delete
// (https://developers.trustpilot.com/invitation-api, seen 2026).
const (
	roleAdmin   = "Admin"
	roleManager = "Manager"
)

// login is who calls a private call.
type login struct {
	partner.Grant        // the application
	user          string // the business user id; "": none
	role          string // the user's
}

// mayInvite reports whether the user may invite and delete.
func (l *login) mayInvite() bool {
	return strings.EqualFold(l.role, roleAdmin) || strings.EqualFold(l.role, roleManager)
}

// application finds the application of a public call by its key. What else is
// presented is none of these calls' business: the Python client sends a bearer
// of "None".
func (d *door) application(r *http.Request) (partner.Grant, error) {
	key := r.Header.Get("apikey")
	if key == "" {
		key = r.URL.Query().Get("apikey")
	}
	if key == "" {
		return partner.Grant{}, noKey()
	}
	g, ok, err := d.deps.Credentials.Find(r.Context(), fieldKey, key)
	if err != nil {
		return g, err
	}
	if !ok {
		return g, wrongKey()
	}
	if g.Settings["api_access"].Text == "false" {
		return g, forbidden()
	}
	return g, nil
}

// enter finds who calls a private call about a business unit.
func (d *door) enter(r *http.Request, unit string) (*login, error) {
	token := bearer(r)
	if token == "" {
		return nil, noToken()
	}
	l, err := d.tokenOf(r.Context(), token)
	if err != nil {
		return nil, err
	}
	if l.Settings["api_access"].Text == "false" {
		return nil, forbidden()
	}
	if !sameID(unitID(l.Grant), unit) {
		switch known, err := d.unitByID(r.Context(), l.Shop, unit); {
		case err != nil:
			return nil, err
		case known == nil: // and not 404: https://github.com/trustpilot/documentation-bruno-collection, seen 2026
			return nil, forbidden()
		}
	}
	return l, nil
}

// enterAs does so for calls that a user must stand behind: who logged in, or
// with a token of the application alone the one it names.
func (d *door) enterAs(r *http.Request, unit string) (*login, error) {
	l, err := d.enter(r, unit)
	if err != nil {
		return nil, err
	}
	if l.user == "" {
		if l.Settings["require_user"].Text == "false" {
			return l, nil
		}
		if err := d.actsFor(r, l); err != nil {
			return nil, err
		}
	}
	if !l.mayInvite() {
		return nil, forbidden()
	}
	return l, nil
}

// actsFor finds the user whom x-business-user-id names, in the header or, as
// Trustpilot's own collection of requests has it, in the query.
func (d *door) actsFor(r *http.Request, l *login) error {
	id := r.Header.Get("X-Business-User-Id")
	if id == "" && r.URL.RawQuery != "" {
		id = r.URL.Query().Get("x-business-user-id")
	}
	if id == "" {
		return forbidden()
	}
	user, err := d.userByID(r.Context(), l.Shop, id)
	if err != nil {
		return err
	}
	if user == nil {
		return forbidden()
	}
	l.user, l.role = id, user.Settings["user_role"].Text
	return nil
}

// bearer is the token of a private call. Old clients send it in the query
// (https://github.com/ITScript/trustpilot-api, seen 2026).
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if ok && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(token)
	}
	if r.URL.RawQuery != "" {
		return r.URL.Query().Get("token")
	}
	return ""
}

// The uses and prefixes of tokens.
const (
	useAccess  = "access"
	useRefresh = "refresh"
	useCode    = "code"

	prefixAccess  = "tpa-"
	prefixRefresh = "tpr-"
)

// tokenOf finds the login of an access token.
func (d *door) tokenOf(ctx context.Context, token string) (*login, error) {
	g, data, err := d.alive(ctx, useAccess, strings.TrimPrefix(token, prefixAccess))
	switch {
	case errors.Is(err, secret.ErrExpired):
		return nil, expiredToken()
	case errors.Is(err, secret.ErrToken):
		return nil, wrongToken()
	case err != nil:
		return nil, err
	}
	l := &login{Grant: g}
	_, who := chainOf(data)
	if who == "" {
		return l, nil
	}
	user, err := d.userOf(ctx, g.Shop, who)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, wrongToken()
	}
	l.user, l.role = userID(*user), user.Settings["user_role"].Text
	return l, nil
}

// A token of a user names him and his credential's generation: what revokes
// the credential ends his tokens too.

func userData(user partner.Grant) string {
	return userID(user) + "." + strconv.FormatInt(user.Generation, 10)
}

// userOf finds the user that userData names; nil: there is none any more.
func (d *door) userOf(ctx context.Context, shop, data string) (*partner.Grant, error) {
	user, err := d.userByID(ctx, shop, data[:max(strings.LastIndexByte(data, '.'), 0)])
	if err != nil || user == nil || userData(*user) != data {
		return nil, err
	}
	return user, nil
}

// userByID finds a user of the shop; nil: there is none.
func (d *door) userByID(ctx context.Context, shop, id string) (*partner.Grant, error) {
	g, ok, err := d.deps.Credentials.Find(ctx, fieldUser, id)
	if err != nil {
		return nil, err
	}
	if ok {
		if g.Shop != shop {
			return nil, nil
		}
		return &g, nil
	}
	users, err := d.deps.Credentials.List(ctx, shop, ofUser)
	if err != nil {
		return nil, err
	}
	for i := range users {
		if sameID(userID(users[i]), id) {
			return &users[i], nil
		}
	}
	return nil, nil
}

// userID is a user's business user id.
func userID(g partner.Grant) string {
	if id := g.Settings[fieldUser].Text; id != "" {
		return id
	}
	return madeID("user", g.Shop, g.Name)
}

// client finds the application of a token call: by Basic, by the same without
// its word (https://github.com/smart-contact/trustpilot-api-service, seen 2026),
// or by the form.
func (d *door) client(r *http.Request, form interface{ Get(string) string }) (partner.Grant, error) {
	id, key, ok := basic(r.Header.Get("Authorization"))
	if !ok {
		id, key = form.Get("client_id"), form.Get("client_secret")
	}
	g, ok, err := d.deps.Credentials.Find(r.Context(), fieldSecret, partner.Joined(id, key))
	if err != nil {
		return g, err
	}
	if !ok {
		return g, wrongClient()
	}
	return g, nil
}

// basic reads an Authorization of key and secret. False: it holds none.
func basic(header string) (id, key string, ok bool) {
	header = strings.TrimSpace(header)
	if scheme, rest, spaced := strings.Cut(header, " "); spaced {
		if !strings.EqualFold(scheme, "basic") {
			return "", "", false
		}
		header = strings.TrimSpace(rest)
	}
	if header == "" {
		return "", "", false
	}
	plain, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		plain, err = base64.RawStdEncoding.DecodeString(header)
	}
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}

// user finds a user of the shop by e-mail address, in whatever letters, and
// password; nil: these are not right.
func (d *door) user(ctx context.Context, shop, email, password string) (*partner.Grant, error) {
	g, err := d.userByEmail(ctx, shop, strings.TrimSpace(email))
	if err != nil || g == nil {
		return nil, err
	}
	right, err := d.deps.Credentials.Check(ctx, *g, fieldPassword, password)
	if err != nil || !right {
		return nil, err
	}
	return g, nil
}

func (d *door) userByEmail(ctx context.Context, shop, email string) (*partner.Grant, error) {
	g, ok, err := d.deps.Credentials.Find(ctx, fieldEmail, email)
	if err != nil || ok && g.Shop == shop {
		return &g, err
	}
	users, err := d.deps.Credentials.List(ctx, shop, ofUser)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(users, func(g partner.Grant) bool { return strings.EqualFold(g.Settings[fieldEmail].Text, email) })
	if i < 0 {
		return nil, nil
	}
	return &users[i], nil
}
