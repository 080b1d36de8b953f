package user

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
)

// How long links work.
const (
	firstFor  = 24 * time.Hour
	inviteFor = 72 * time.Hour
)

// Link is what somebody opens who sets his password.
type Link struct {
	Name       string `json:"name,omitzero"` // "": the first user, who chooses
	Generation int64  `json:"generation,omitzero"`
}

// First reports whether the link makes the first user.
func (l Link) First() bool { return l.Name == "" }

// First returns a link's token for the first user, who becomes admin; false:
// there are users.
func (b *Book) First(ctx context.Context) (secret.Text, bool, error) {
	list, _, err := b.read(ctx)
	if err != nil || len(list) > 0 {
		return secret.Text{}, false, err
	}
	token, err := b.link(ctx, Link{}, firstFor)
	return token, err == nil, err
}

// Invite makes a user without a password, and returns the token of the link by
// which he sets it. Errors: order.ErrConflict, *order.Invalid.
func (b *Book) Invite(ctx context.Context, name string, role Role) (secret.Text, error) {
	if err := checkName(name); err != nil {
		return secret.Text{}, err
	}
	if !role.known() {
		return secret.Text{}, order.Refuse("role", order.Malformed, "must be viewer, operator or admin")
	}
	generation := firstGeneration()
	err := b.change(ctx, func(list []record) ([]record, error) {
		return with(list, record{User: User{Name: name, Role: role, Made: b.now().UTC(), Invited: true}, Generation: generation})
	})
	if err != nil {
		return secret.Text{}, err
	}
	return b.link(ctx, Link{Name: name, Generation: generation}, inviteFor)
}

// Reset returns the token of a link by which a user sets a new password; links
// and sessions that he had are over. The old password goes on until then. Error:
// order.ErrNotFound.
func (b *Book) Reset(ctx context.Context, name string) (secret.Text, error) {
	var generation int64
	err := b.edit(ctx, name, func(r *record) {
		r.Generation++
		generation = r.Generation
	})
	if err != nil {
		return secret.Text{}, err
	}
	return b.link(ctx, Link{Name: name, Generation: generation}, inviteFor)
}

// Linked returns what a link is for. Error: ErrLink.
func (b *Book) Linked(ctx context.Context, token string) (Link, error) {
	value, ok, err := b.kv.Get(ctx, linkKey(token))
	if err != nil || !ok {
		return Link{}, cmpErr(err, ErrLink)
	}
	var l Link
	if err := json.Unmarshal(value, &l); err != nil {
		return Link{}, fmt.Errorf("read link: %w", err)
	}
	// One that another has overtaken is over, too: each node makes one for the first
	// user.
	list, _, err := b.read(ctx)
	if err == nil {
		_, _, err = l.claimed(list, l.Name, "", b.now())
	}
	return l, err
}

// Claim sets the password of whoever the link is for; the first user says his
// name. The link is used up. Errors: ErrLink, *order.Invalid.
func (b *Book) Claim(ctx context.Context, token, name, password string) (User, error) {
	l, err := b.Linked(ctx, token)
	if err != nil {
		return User{}, err
	}
	if !l.First() {
		name = l.Name
	} else if err := checkName(name); err != nil {
		return User{}, err
	}
	if err := checkPassword(name, password); err != nil {
		return User{}, err
	}
	hash, err := b.hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	var made User
	err = b.change(ctx, func(list []record) ([]record, error) {
		var err error
		list, made, err = l.claimed(list, name, hash, b.now().UTC())
		return list, err
	})
	if err != nil {
		return User{}, err
	}
	return made, b.kv.Delete(ctx, linkKey(token))
}

// claimed is the users once a link was used.
func (l Link) claimed(list []record, name, hash string, now time.Time) ([]record, User, error) {
	if l.First() {
		if len(list) > 0 {
			return nil, User{}, ErrLink // another one was faster
		}
		r := record{User: User{Name: name, Role: Admin, Made: now, Changed: now}, Hash: hash, Generation: firstGeneration()}
		return []record{r}, r.User, nil
	}
	r := of(list, name)
	if r == nil || r.Disabled || r.Generation != l.Generation {
		return nil, User{}, ErrLink
	}
	r.Hash, r.Changed, r.Invited, r.Generation = hash, now, false, r.Generation+1
	return list, r.User, nil
}

func (b *Book) link(ctx context.Context, l Link, ttl time.Duration) (secret.Text, error) {
	token := secret.NewToken("link")
	value, err := json.Marshal(l)
	if err == nil {
		err = b.kv.Put(ctx, linkKey(token.Reveal()), value, ttl)
	}
	return token, err
}

func linkKey(token string) string    { return "link/" + digest(token) }
func sessionKey(token string) string { return "session/" + digest(token) }

func digest(token string) string {
	sum := secret.Digest(token)
	return hex.EncodeToString(sum[:])
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
