package deliveryhero

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

const (
	// renewEarly is how long before its end a token is replaced (our choice).
	renewEarly = 5 * time.Minute
	// tokenCalls is how many token calls a node makes a minute at most for one
	// route: the platform takes 50 of a client (seen 2026), and several routes
	// and nodes may share it.
	tokenCalls = 8
	// leastTokenWait is how long a 429 of the token call is respected at least:
	// its limit is one of a minute.
	leastTokenWait = time.Minute
	// cacheTokenFor is how old what is in memory may be: another node may have
	// got a newer one.
	cacheTokenFor = 5 * time.Second
	// tokenLife is what a token without expires_in counts as (FAQ: 2 hours, seen
	// 2026).
	tokenLife = 2 * time.Hour
)

// tokens has the token of a route's login: the fixed one, or one that it gets
// as a client, one call at a time, and keeps sealed, so that it outlives a
// restart and all nodes use the same.
type tokens struct {
	deps  partner.Deps
	fixed secret.Text
	url   string
	form  url.Values
	key   string // in State
	calls *pace

	one  chan struct{} // holds a value while somebody works with what follows
	held heldToken
	read time.Time // when held was read
}

// heldToken is what is kept, sealed.
type heldToken struct {
	Access string    `json:"access,omitzero"`
	Until  time.Time `json:"until,omitzero"` // when it is to be replaced
	Wait   time.Time `json:"wait,omitzero"`  // no token call before
}

func newTokens(deps partner.Deps, base string, o *routeOptions) *tokens {
	t := &tokens{
		deps: deps, fixed: o.token, url: base + "/oauth/token", calls: newPace(tokenCalls), one: make(chan struct{}, 1),
		form: url.Values{
			"grant_type": {"client_credentials"}, "client_id": {o.clientID}, "client_secret": {o.clientSecret.Reveal()},
		},
	}
	// Another login has another token: what was got with the old one is not
	// found any more.
	sum := hmac.New(sha256.New, []byte(o.clientSecret.Reveal()))
	for _, part := range []string{base, o.clientID} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	t.key = "token/" + hex.EncodeToString(sum.Sum(nil)[:12])
	return t
}

// renewable reports whether there can be another token than the refused one.
func (t *tokens) renewable() bool { return !t.fixed.Set() }

// get returns a token that is good as far as we know, or why there is none.
// Refused is one that the platform did not take; "": none was.
func (t *tokens) get(ctx context.Context, refused string) (string, *partner.Outcome) {
	if t.fixed.Set() {
		return t.fixed.Reveal(), nil
	}
	select {
	case t.one <- struct{}{}:
		defer func() { <-t.one }()
	case <-ctx.Done():
		o := partner.Later(0, "token", "the token was being waited for")
		return "", &o
	}
	now := t.now()
	if err := t.load(ctx, now, refused != ""); err != nil {
		o := partner.Later(0, "token_state", "the kept token can not be read: "+err.Error())
		return "", &o
	}
	if t.held.Access != "" && t.held.Access != refused && now.Before(t.held.Until) {
		return t.held.Access, nil
	}
	if wait := t.held.Wait.Sub(now); wait > 0 {
		o := partner.Later(wait, "token_429", "the platform wants no token call now")
		return "", &o
	}
	if o := t.calls.turn(ctx, true); o != nil {
		o.Code = "token_pace"
		return "", o
	}
	return t.ask(ctx)
}

// ask makes one token call and keeps what it brings.
func (t *tokens) ask(ctx context.Context) (string, *partner.Outcome) {
	reply, err := t.deps.HTTP.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: t.url, Body: []byte(t.form.Encode()),
		Header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/x-www-form-urlencoded"}},
		Mask:   []string{t.form.Get("client_secret")},
		Brings: func(answer []byte) []string {
			if held, err := readToken(answer, time.Time{}); err == nil {
				return []string{held.Access}
			}
			return nil
		},
	})
	if o := tokenVerdict(reply, err); o != nil {
		if reply.Status == http.StatusTooManyRequests {
			o.After = max(o.After, leastTokenWait)
			t.held.Wait = t.now().Add(o.After)
			t.keep(ctx)
		}
		return "", o
	}
	held, err := readToken(reply.Body, t.now())
	if err != nil {
		o := partner.Later(0, "token_unreadable", "the answer to the token call "+err.Error())
		return "", &o
	}
	t.held = held
	t.keep(ctx)
	return held.Access, nil
}

func readToken(body []byte, now time.Time) (heldToken, error) {
	var answer struct {
		Access string     `json:"access_token"`
		Life   json.Value `json:"expires_in"`
	}
	if err := json.UnmarshalInput(body, &answer); err != nil {
		return heldToken{}, errors.New("is no JSON of a token")
	}
	if answer.Access == "" || strings.ContainsFunc(answer.Access, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return heldToken{}, errors.New("holds no token")
	}
	life := tokenLife
	if n, err := strconv.ParseInt(strings.Trim(string(answer.Life), `"`), 10, 32); err == nil && n > 0 {
		life = time.Duration(n) * time.Second
	}
	return heldToken{Access: answer.Access, Until: now.Add(life - min(renewEarly, life/2))}, nil
}

// load reads what is kept, unless that was done a moment ago.
func (t *tokens) load(ctx context.Context, now time.Time, anew bool) error {
	if age := now.Sub(t.read); !anew && !t.read.IsZero() && age >= 0 && age < cacheTokenFor {
		return nil
	}
	sealed, ok, err := t.deps.State.Get(ctx, t.key)
	if err != nil {
		return err
	}
	held := heldToken{}
	if ok && t.deps.Seal != nil {
		// What does not open, after a change of the seal key, is as good as none.
		if plain, err := t.deps.Seal.Open(sealed, t.context()); err == nil {
			_ = json.Unmarshal(plain, &held)
		}
	}
	if !ok && t.held.Access != "" { // what could not be kept is still good here
		held = t.held
	}
	t.held, t.read = held, now
	return nil
}

// keep writes what is held. If that fails, the token is used all the same: the
// next start will ask for another one.
func (t *tokens) keep(ctx context.Context) {
	t.read = t.now()
	if t.deps.Seal == nil { // a check of the configuration keeps nothing
		return
	}
	plain, err := json.Marshal(t.held)
	if err == nil {
		err = t.deps.State.Put(context.WithoutCancel(ctx), t.key, t.deps.Seal.Seal(plain, t.context()), 24*time.Hour)
	}
	if err != nil {
		t.deps.Log.Warn("the token could not be kept", "error", err)
	}
}

func (t *tokens) context() string { return name + "\x00" + t.deps.Shop + "\x00" + t.key }

func (t *tokens) now() time.Time { return t.deps.Now() }
