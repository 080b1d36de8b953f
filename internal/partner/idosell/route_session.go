package idosell

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

const (
	// renewAfter is the age at which a session is not begun with any more: it is
	// good for 15 minutes, and what begins with it takes less than the rest.
	renewAfter = 13 * time.Minute
	// oldSession is the age from which a fault that nobody explains may be that
	// of a session that is over.
	oldSession = 10 * time.Minute
	// cacheFor is how old what is in memory may be: another node, or another
	// route of the connection, may have logged in since.
	cacheFor = 5 * time.Second
	// restAfterRefusal is how long nobody but a delivery tries a login again
	// that was refused: trying may lock the account of a person.
	restAfterRefusal = time.Hour
)

// session is what a login brought.
type session struct {
	Key string    `json:"key,omitzero"`
	At  time.Time `json:"at,omitzero"`
	// Refused is when the login was refused last; zero: it was not.
	Refused time.Time `json:"refused,omitzero"`
	Words   string    `json:"words,omitzero"` // the wholesaler's, of the refusal
}

func (s *session) age(now time.Time) time.Duration { return now.Sub(s.At) }

// sessions logs in for all routes of a connection, one login at a time, and
// keeps the session sealed, so that it outlives a restart and serves every node.
type sessions struct {
	route *route
	key   string // in State

	one  chan struct{} // holds a value while somebody works with what follows
	held session
	read time.Time // when held was read
}

func newSessions(r *route) *sessions {
	// Another login has another session: what was got with the old one is not
	// found any more.
	sum := hmac.New(sha256.New, []byte(r.opts.inner.Reveal()))
	for _, part := range []string{r.opts.base, r.opts.endpoint, r.opts.login} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return &sessions{route: r, key: "session/" + hex.EncodeToString(sum.Sum(nil)[:12]), one: make(chan struct{}, 1)}
}

// eager marks calls that try a login again although it was refused a while ago.
type eager bool

// get returns a session that is good as far as we know, or why there is none.
// Not is one that the wholesaler did not take; "": none was.
func (k *sessions) get(ctx context.Context, not string, try eager) (session, *partner.Outcome) {
	select {
	case k.one <- struct{}{}:
		defer func() { <-k.one }()
	case <-ctx.Done():
		o := partner.Later(0, "session", "the session was being waited for")
		return session{}, &o
	}
	now := k.route.now()
	if err := k.load(ctx, now, not != ""); err != nil {
		o := partner.Later(0, "session_state", "the kept session can not be read: "+err.Error())
		return session{}, &o
	}
	if age := k.held.age(now); k.held.Key != "" && k.held.Key != not && age >= 0 && age < renewAfter {
		return k.held, nil
	}
	if since := now.Sub(k.held.Refused); !bool(try) && !k.held.Refused.IsZero() && since < restAfterRefusal {
		o := loginRefused(k.held.Words)
		return session{}, &o
	}
	return k.login(ctx)
}

// login logs in, with the date of the wholesaler's zone and, if that is refused
// while it is another day in UTC, once with that.
func (k *sessions) login(ctx context.Context) (session, *partner.Outcome) {
	now := k.route.now()
	day, other := dateOf(now.In(k.route.opts.zone)), dateOf(now.UTC())
	s, f := k.ask(ctx, day)
	if f != nil && f.code == codeLogin && other != day {
		s, f = k.ask(ctx, other)
	}
	switch {
	case f == nil:
		k.held = s
		k.keep(ctx)
		return s, nil
	case f.code == codeLogin:
		k.held = session{Refused: now, Words: f.words}
		k.keep(ctx)
		o := loginRefused(f.words)
		return session{}, &o
	}
	o := f.unasked().Of(partner.ScopeOrder)
	if o.Result == partner.ResultRefused {
		o = o.Of(partner.ScopeRoute) // whatever it is, it is not about the order
	}
	o.Code = "login_" + o.Code
	return session{}, &o
}

func loginRefused(words string) partner.Outcome {
	return partner.Refused("login_refused", "the wholesaler does not take login and password: "+words).Of(partner.ScopeRoute)
}

// ask makes one login with the key of a day.
func (k *sessions) ask(ctx context.Context, day string) (session, *failure) {
	o := &k.route.opts
	key := systemKey(day, o.inner.Reveal())
	answer, f := k.route.send(ctx, opAuthenticate, soap.ObjectOf(
		member("systemLogin", soap.TextOf(o.login)), member("systemKey", soap.TextOf(key)),
	), soap.Value{}, key)
	if f != nil {
		return session{}, f
	}
	s := session{Key: answer.At("sessionKey").Text(), At: k.route.now()}
	if s.Key == "" || len(s.Key) > mostSessionKey {
		return session{}, &failure{kind: failedUnclear, label: "no_session", words: "the answer to the login holds no sessionKey"}
	}
	return s, nil
}

// mostSessionKey bounds a session's key, in bytes.
const mostSessionKey = 4096

// load reads what is kept, unless that was done a moment ago.
func (k *sessions) load(ctx context.Context, now time.Time, anew bool) error {
	if age := now.Sub(k.read); !anew && !k.read.IsZero() && age >= 0 && age < cacheFor {
		return nil
	}
	sealed, ok, err := k.route.deps.State.Get(ctx, k.key)
	if err != nil {
		return err
	}
	var held session
	if ok && k.route.deps.Seal != nil {
		// What does not open, after a change of the seal key, is as good as none.
		if plain, err := k.route.deps.Seal.Open(sealed, k.context()); err == nil {
			_ = json.Unmarshal(plain, &held)
		}
	}
	// What could not be kept is still good here.
	if !ok {
		held = k.held
	}
	k.held, k.read = held, now
	return nil
}

// keep writes what is held. If that fails, the session is used all the same:
// the next start will log in anew.
func (k *sessions) keep(ctx context.Context) {
	k.read = k.route.now()
	if k.route.deps.Seal == nil { // a check of the configuration keeps nothing
		return
	}
	plain, err := json.Marshal(k.held)
	if err == nil {
		err = k.route.deps.State.Put(context.WithoutCancel(ctx), k.key, k.route.deps.Seal.Seal(plain, k.context()), restAfterRefusal)
	}
	if err != nil {
		k.route.log.Warn("the session could not be kept", "error", err)
	}
}

func (k *sessions) context() string { return "idosell\x00" + k.route.deps.Shop + "\x00" + k.key }
