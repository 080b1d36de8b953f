package skeepers

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// renewEarly is how long before its end a token is replaced, as a client does
// that runs against the live API (seen 2026).
const renewEarly = 30 * time.Second

// tokens keeps the access token of a route in memory: getting another one
// costs a call, and nothing is lost with it. Callers that need one at the same
// time share one request.
type tokens struct {
	http   *outbound.Client
	now    func() time.Time
	url    string
	login  string // the Authorization header
	secret string

	mu      sync.Mutex
	token   string
	expires time.Time
	fetch   *fetch // under way; nil: none
}

// fetch is a request for a token that is under way.
type fetch struct {
	done  chan struct{}
	token string
	err   error
	cut   bool // the caller that made it was stopped
}

func newTokens(http *outbound.Client, now func() time.Time, url, id, secret string) *tokens {
	return &tokens{
		http: http, now: now, url: url, secret: secret,
		login: "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret)),
	}
}

// get returns a token that is good for a while yet. The error is a *blocked or
// one of outbound.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	token, good := t.token, t.token != "" && t.now().Before(t.expires.Add(-renewEarly))
	t.mu.Unlock()
	if good {
		return token, nil
	}
	return t.renew(ctx, token)
}

// renew returns another token than the refused one.
func (t *tokens) renew(ctx context.Context, refused string) (string, error) {
	for {
		t.mu.Lock()
		if t.token != "" && t.token != refused {
			token := t.token
			t.mu.Unlock()
			return token, nil
		}
		f, mine := t.fetch, false
		if f == nil {
			f, mine = &fetch{done: make(chan struct{})}, true
			t.fetch = f
		}
		t.mu.Unlock()
		if mine {
			t.run(ctx, f)
			return f.token, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return "", &blocked{partner.Later(0, "no_token", "no token: "+context.Cause(ctx).Error())}
		}
		if f.err == nil || !f.cut {
			return f.token, f.err
		}
		// Whoever asked was stopped: that says nothing about us.
	}
}

// run makes the request that others wait for.
func (t *tokens) run(ctx context.Context, f *fetch) {
	token, life, err := t.ask(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.token, t.expires = token, t.now().Add(life)
	}
	f.token, f.err, f.cut, t.fetch = token, err, ctx.Err() != nil, nil
	close(f.done)
}

// defaultLife is how long a token is good that does not say.
const defaultLife = 300 * time.Second

func (t *tokens) ask(ctx context.Context) (token string, life time.Duration, err error) {
	reply, err := t.http.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: t.url, Mask: []string{t.secret},
		Body: []byte("grant_type=client_credentials&scope=openid"),
		Header: http.Header{
			"Accept":        {"application/json"},
			"Content-Type":  {"application/x-www-form-urlencoded"},
			"Authorization": {t.login},
		},
	})
	if err != nil {
		return "", 0, &blocked{noToken(err)}
	}
	if reply.Status != http.StatusOK {
		return "", 0, &blocked{tokenVerdict(reply)}
	}
	var answer struct {
		Token   string     `json:"access_token"`
		Expires json.Value `json:"expires_in"`
	}
	if err := json.UnmarshalInput(reply.Body, &answer); err != nil || answer.Token == "" {
		return "", 0, &blocked{partner.Refused("token_unreadable", "token_url answers without an access_token").Of(partner.ScopeRoute)}
	}
	return answer.Token, lifeOf(answer.Expires), nil
}

// lifeOf reads expires_in, a number of seconds. Only the token itself has to be
// there: a life that is spelled otherwise is a number all the same, or unknown.
func lifeOf(expires json.Value) time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(string(expires), `"`), 64)
	if err != nil || seconds < 1 || seconds > 365*24*3600 {
		return defaultLife
	}
	return time.Duration(seconds) * time.Second
}

// blocked is the outcome of orders that can not be sent for want of a token.
type blocked struct{ outcome partner.Outcome }

func (b *blocked) Error() string { return b.outcome.Reason }
