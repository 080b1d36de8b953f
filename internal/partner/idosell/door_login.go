package idosell

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/soap"
)

// sessionLife is how long a sessionKey opens the gates (the vendor's
// introduction of CustomerAPI, seen 2026; that use does not prolong it is our
// choice).
const sessionLife = 15 * time.Minute

// useSession tells session keys from other tokens of the door.
const useSession = "session"

// handleAuthenticate answers a login and a systemKey with a sessionKey. Who is
// unknown and who has a wrong key are answered alike, after the same work.
func handleAuthenticate(ctx context.Context, d *door, c *call) (soap.Value, error) {
	login, key := c.key(loginNames...), c.key(systemNames...)
	account, known, err := d.deps.Credentials.Find(ctx, fieldLogin, login)
	if err != nil {
		return soap.Value{}, err
	}
	inner := nobody
	if known = known && account.Of == ofAccount && account.Settings[fieldPassword].Secret.Set(); known {
		inner = kept(account.Settings[fieldPassword].Secret.Reveal())
	}
	right := d.rightKey(key, inner)
	for _, old := range account.Former[fieldPassword] { // after a rotation, for as long as it says
		right = d.rightKey(key, kept(old.Reveal())) || right
	}
	if !known || !right {
		d.logRefused(ctx, account, known, key, inner)
		return soap.Value{}, &fault{code: codeLogin}
	}
	return soap.ObjectOf(member("sessionKey", soap.TextOf(d.openSession(account)))), nil
}

// nobody is the digest of a password that nobody has.
const nobody = "................................"

// rightKey reports whether the key is that of today: in the panel's zone or in
// UTC, which differ for an hour or two in the night (our choice).
func (d *door) rightKey(key, inner string) bool {
	now := d.now()
	here := sameKey(key, systemKey(dateOf(now.In(d.zone)), inner))
	universal := sameKey(key, systemKey(dateOf(now.UTC()), inner))
	return here || universal
}

// logRefused logs why a login failed, as far as that can be told: the caller
// never learns it. Neither login nor key is logged.
func (d *door) logRefused(ctx context.Context, account partner.Grant, known bool, key, inner string) {
	if !known {
		d.log.WarnContext(ctx, "login refused", "mistake", "no account has this login")
		return
	}
	d.log.WarnContext(ctx, "login refused", "shop", account.Shop, "account", account.Name, "mistake", mistakeOf(key, inner, d.now().In(d.zone)))
}

// openSession makes a sessionKey. Its data is the session's id and when it was
// opened: tokens are kept to the second only.
func (d *door) openSession(account partner.Grant) string {
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	data := base64.RawURLEncoding.EncodeToString(id) + "." + strconv.FormatInt(d.now().UnixMicro(), 36)
	return d.deps.Access.Issue(account, useSession, data, sessionLife+time.Second).Reveal()
}

// enter finds out whose call it is. Errors: *fault; anything else is a trouble
// of ours.
func (d *door) enter(ctx context.Context, c *call) error {
	var err error
	if c.account, c.session, err = d.session(ctx, c.key(sessionNames...)); err != nil {
		return err
	}
	if c.panel, err = d.panel(ctx, c.account.Shop, c.key(panelNames...)); err != nil {
		return err
	}
	if c.panel.Settings[fieldAcceptOrders].Text != "true" {
		return &fault{code: codeSwitchedOff}
	}
	return nil
}

// session returns whose session a sessionKey is, and the session's id.
func (d *door) session(ctx context.Context, key string) (account partner.Grant, id string, err error) {
	account, data, err := d.deps.Access.Check(ctx, useSession, key)
	switch {
	case errors.Is(err, secret.ErrToken):
		return account, "", &fault{code: codeSession}
	case errors.Is(err, secret.ErrExpired):
		return account, "", &fault{code: codeExpired}
	case err != nil:
		return account, "", err
	}
	id, at, _ := strings.Cut(data, ".")
	opened, err := strconv.ParseInt(at, 36, 64)
	if err != nil || account.Of != ofAccount {
		return account, "", &fault{code: codeSession}
	}
	if !d.now().Before(time.UnixMicro(opened).Add(sessionLife)) {
		return account, "", &fault{code: codeExpired}
	}
	account.Account = account.Settings[fieldLogin].Text
	return account, id, nil
}

// panel returns the shop's panel with that dropshippingKey, which may be the
// one before the last rotation for a while.
func (d *door) panel(ctx context.Context, shop, key string) (partner.Grant, error) {
	panels, err := d.deps.Credentials.List(ctx, shop, "")
	if err != nil {
		return partner.Grant{}, err
	}
	for _, p := range panels {
		ok, err := d.deps.Credentials.Check(ctx, p, fieldDropshippingKey, key)
		if err != nil {
			return partner.Grant{}, err
		}
		if ok && key != "" {
			return p, nil
		}
	}
	return partner.Grant{}, &fault{code: codeDropshippingKey}
}
