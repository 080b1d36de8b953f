package trustpilot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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
)

const (
	tokenPath   = "/v1/oauth/oauth-business-users-for-applications/accesstoken"
	refreshPath = "/v1/oauth/oauth-business-users-for-applications/refresh"

	// refreshPromise is how long a refresh token lives at most: the documentation
	// promises 30 days (https://developers.trustpilot.com/authentication, seen
	// 2026), captured answers say 90.
	refreshPromise = 30 * 24 * time.Hour
	// leastWait is how long a 429 of the token call is respected at least: it
	// says that a token is asked for too often.
	leastWait = time.Minute
	// cacheFor is how old what is in memory may be: another node, or another
	// route of the connection, may have got a newer token.
	cacheFor = 5 * time.Second
)

// tokens gets the access token of a route's login, one call at a time, and
// keeps it sealed, so that it outlives a restart.
type tokens struct {
	deps          partner.Deps
	fresh, renews string // addresses
	header        http.Header
	form          url.Values // of the grant
	mask          []string
	key           string // in State

	one  chan struct{} // holds a value while somebody works with what follows
	held heldToken
	read time.Time // when held was read
}

// heldToken is what is kept, sealed.
type heldToken struct {
	Access  string    `json:"access,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Refresh string    `json:"refresh,omitzero"`
	Fresh   time.Time `json:"fresh,omitzero"` // until when Refresh is good
	Wait    time.Time `json:"wait,omitzero"`  // no token call before
}

func newTokens(deps partner.Deps, o *options) *tokens {
	t := &tokens{
		deps: deps, fresh: o.base + tokenPath, renews: o.base + refreshPath, one: make(chan struct{}, 1),
		form: url.Values{"grant_type": {o.grant}},
		mask: []string{o.key.Reveal(), o.secret.Reveal()},
	}
	if o.grant == grantPassword {
		t.form.Set("username", o.username)
		t.form.Set("password", o.password.Reveal())
		t.mask = append(t.mask, o.username, o.password.Reveal())
	}
	login := o.key.Reveal() + ":" + o.secret.Reveal()
	t.header = http.Header{
		"Accept":        {"application/json"},
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(login))},
	}
	// Another login has another token: what was got with the old one is not
	// found any more.
	sum := hmac.New(sha256.New, []byte(o.secret.Reveal()))
	for _, part := range []string{o.base, o.key.Reveal(), o.grant, o.username, o.password.Reveal()} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	t.key = "token/" + hex.EncodeToString(sum.Sum(nil)[:12])
	return t
}

// get returns a token that is good as far as we know, or why there is none.
// Refused is one that Trustpilot did not take; "": none was.
func (t *tokens) get(ctx context.Context, refused string) (string, *partner.Outcome) {
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
		o := partner.Later(wait, "token_429", "Trustpilot wants no token call now")
		return "", &o
	}
	return t.renew(ctx)
}

// renew asks for a new token: with the refresh token if there is one, else, or
// if that is not taken, with the grant.
func (t *tokens) renew(ctx context.Context) (string, *partner.Outcome) {
	if t.held.Refresh != "" && t.now().Before(t.held.Fresh) {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.held.Refresh}}
		token, o := t.ask(ctx, t.renews, form)
		if o == nil || o.Result == partner.ResultLater {
			return token, o
		}
	}
	return t.ask(ctx, t.fresh, t.form)
}

// ask makes one token call and keeps what it brings.
func (t *tokens) ask(ctx context.Context, at string, form url.Values) (string, *partner.Outcome) {
	mask := t.mask
	if refresh := form.Get("refresh_token"); refresh != "" {
		mask = append(mask[:len(mask):len(mask)], refresh)
	}
	reply, err := t.deps.HTTP.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: at, Header: t.header, Body: []byte(form.Encode()), Mask: mask,
	})
	if o := tokenVerdict(reply, err); o != nil {
		if reply.Status == http.StatusTooManyRequests {
			o.After = max(o.After, leastWait)
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
	if t.held = held; held.Refresh == "" {
		t.held.Fresh = time.Time{}
	}
	t.keep(ctx)
	return held.Access, nil
}

// readToken reads an answer, whose numbers are strings at Trustpilot.
func readToken(body []byte, now time.Time) (heldToken, error) {
	var answer struct {
		Access         string     `json:"access_token"`
		Life           json.Value `json:"expires_in"`
		Refresh        string     `json:"refresh_token"`
		RefreshExpires json.Value `json:"refresh_token_expires_in"`
	}
	if err := json.UnmarshalInput(body, &answer); err != nil {
		return heldToken{}, errors.New("is no JSON of a token")
	}
	if answer.Access == "" || strings.ContainsFunc(answer.Access+answer.Refresh, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return heldToken{}, errors.New("holds no token")
	}
	life := seconds(answer.Life, 5*time.Minute)
	h := heldToken{Access: answer.Access, Until: now.Add(life - min(time.Minute, life/10))}
	if answer.Refresh != "" {
		h.Refresh, h.Fresh = answer.Refresh, now.Add(min(refreshPromise, seconds(answer.RefreshExpires, refreshPromise)))
	}
	return h, nil
}

// seconds reads "360000" or 360000.
func seconds(v json.Value, without time.Duration) time.Duration {
	n, err := strconv.ParseInt(strings.Trim(string(v), `"`), 10, 32)
	if err != nil || n <= 0 {
		return without
	}
	return time.Duration(n) * time.Second
}

// load reads what is kept, unless that was done a moment ago.
func (t *tokens) load(ctx context.Context, now time.Time, anew bool) error {
	if age := now.Sub(t.read); !anew && !t.read.IsZero() && age >= 0 && age < cacheFor {
		return nil
	}
	sealed, ok, err := t.deps.State.Get(ctx, t.key)
	if err != nil {
		return err
	}
	held := heldToken{}
	if ok {
		// What does not open, after a change of the seal key, is as good as none.
		if plain, err := t.deps.Seal.Open(sealed, t.context()); err == nil {
			_ = json.Unmarshal(plain, &held)
		}
	}
	// What could not be kept is still good here.
	if !ok && t.held.Access != "" {
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
		err = t.deps.State.Put(context.WithoutCancel(ctx), t.key, t.deps.Seal.Seal(plain, t.context()), refreshPromise)
	}
	if err != nil {
		t.deps.Log.Warn("the token could not be kept", "error", err)
	}
}

func (t *tokens) context() string { return "trustpilot\x00" + t.deps.Shop + "\x00" + t.key }

func (t *tokens) now() time.Time { return t.deps.Now() }
