package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
)

// How long a session lives: without a request, in all, and how often its life
// is prolonged at most.
const (
	IdleFor  = 12 * time.Hour
	LivesFor = 7 * 24 * time.Hour
	freshFor = 5 * time.Minute
)

// Session is somebody who is signed in.
type Session struct {
	User  User
	Began time.Time
}

// session is one as it is kept.
type session struct {
	Name       string    `json:"name"`
	Generation int64     `json:"generation"`
	Began      time.Time `json:"began"`
	Seen       time.Time `json:"seen"`
}

// SignIn opens a session, and returns the token that its cookie holds. It takes
// as long for a name that nobody has. Errors: ErrWrong, order.ErrBusy.
func (b *Book) SignIn(ctx context.Context, name, password string) (secret.Text, User, error) {
	list, _, err := b.read(ctx)
	if err != nil {
		return secret.Text{}, User{}, err
	}
	r := of(list, name)
	if r == nil || r.Hash == "" {
		return secret.Text{}, User{}, busy(cmpErr(b.passwords.Spend(ctx, password), ErrWrong))
	}
	ok, err := b.passwords.Check(ctx, r.Hash, password)
	switch {
	case err != nil:
		return secret.Text{}, User{}, busy(err)
	case !ok || r.Disabled:
		return secret.Text{}, User{}, ErrWrong
	}
	now := b.now().UTC()
	s := session{Name: r.Name, Generation: r.Generation, Began: now, Seen: now}
	token := secret.NewToken("sid")
	if err := b.keep(ctx, token.Reveal(), &s); err != nil {
		return secret.Text{}, User{}, err
	}
	return token, r.User, b.edit(ctx, name, func(r *record) { r.SeenAt = now })
}

// Session returns who is signed in by a token, and lets the session live on.
// Error: ErrSignedOut.
func (b *Book) Session(ctx context.Context, token string) (Session, error) {
	value, ok, err := b.kv.Get(ctx, sessionKey(token))
	if err != nil || !ok {
		return Session{}, cmpErr(err, ErrSignedOut)
	}
	var s session
	if err := json.Unmarshal(value, &s); err != nil {
		return Session{}, fmt.Errorf("read session: %w", err)
	}
	list, _, err := b.read(ctx)
	if err != nil {
		return Session{}, err
	}
	now := b.now().UTC()
	r := of(list, s.Name)
	if r == nil || r.Disabled || r.Generation != s.Generation || now.Sub(s.Began) >= LivesFor || now.Sub(s.Seen) >= IdleFor {
		return Session{}, ErrSignedOut
	}
	if now.Sub(s.Seen) >= freshFor {
		s.Seen = now
		if ok, err := b.prolong(ctx, token, value, &s); err != nil || !ok {
			return Session{}, cmpErr(err, ErrSignedOut)
		}
	}
	return Session{User: r.User, Began: s.Began}, nil
}

// prolong keeps a session as it was read, later; false: it was ended meanwhile,
// which must hold.
func (b *Book) prolong(ctx context.Context, token string, was []byte, s *session) (bool, error) {
	value, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	ok, err := b.kv.Swap(ctx, sessionKey(token), was, value, s.left())
	if ok || err != nil {
		return ok, err
	}
	_, ok, err = b.kv.Get(ctx, sessionKey(token)) // another request may have prolonged it
	return ok, err
}

// left is how long a session lives if nothing is heard of it.
func (s *session) left() time.Duration { return min(IdleFor, LivesFor-s.Seen.Sub(s.Began)) }

// SignOut ends a session.
func (b *Book) SignOut(ctx context.Context, token string) error {
	return b.kv.Delete(ctx, sessionKey(token))
}

// ChangePassword changes the password of somebody who knows it, and ends all
// his sessions. Errors: ErrWrong, *order.Invalid, order.ErrBusy.
func (b *Book) ChangePassword(ctx context.Context, name, old, password string) error {
	if err := checkPassword(name, password); err != nil {
		return err
	}
	list, _, err := b.read(ctx)
	if err != nil {
		return err
	}
	r := of(list, name)
	if r == nil || r.Hash == "" {
		return ErrWrong
	}
	was := r.Hash
	if ok, err := b.passwords.Check(ctx, was, old); err != nil || !ok {
		return busy(cmpErr(err, ErrWrong))
	}
	hash, err := b.hash(ctx, password)
	if err != nil {
		return err
	}
	overtaken := false
	err = b.edit(ctx, name, func(r *record) {
		if overtaken = r.Hash != was; !overtaken {
			r.Hash, r.Changed, r.Generation = hash, b.now().UTC(), r.Generation+1
		}
	})
	if err == nil && overtaken {
		return ErrWrong
	}
	return err
}

func (b *Book) keep(ctx context.Context, token string, s *session) error {
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return b.kv.Put(ctx, sessionKey(token), value, s.left())
}

func (b *Book) hash(ctx context.Context, password string) (string, error) {
	hash, err := b.passwords.Hash(ctx, secret.New(password))
	return hash, busy(err)
}

// busy says of too many passwords at a time what it means for the caller.
func busy(err error) error {
	if errors.Is(err, secret.ErrPasswordsBusy) {
		return fmt.Errorf("%w: %w", order.ErrBusy, err)
	}
	return err
}
