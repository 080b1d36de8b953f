package deliveryhero

import (
	"context"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// The client credentials of OAuth 2.0, as three independent clients use them
// (seen 2026).
const (
	useAccess  = "access"
	accessLife = 2 * time.Hour
	mostLogins = 50 // calls a minute of one client
)

// wireToken is the answer of POST /v2/oauth/token.
type wireToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// serveToken is POST /v2/oauth/token.
func (d *door) serveToken(w http.ResponseWriter, r *http.Request) {
	token, err := d.login(w, r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeAnswer(w, answer{http.StatusOK, token})
}

func (d *door) login(w http.ResponseWriter, r *http.Request) (wireToken, error) {
	form, err := readForm(w, r)
	if err != nil {
		return wireToken{}, err
	}
	if kind := form.Get("grant_type"); kind != "client_credentials" {
		return wireToken{}, badGrant("unsupported_grant_type", "grant_type must be client_credentials")
	}
	id, key := form.Get("client_id"), form.Get("client_secret")
	if id == "" || key == "" {
		return wireToken{}, badGrant("invalid_request", "client_id and client_secret are needed")
	}
	g, err := d.client(r.Context(), id, key)
	if err != nil {
		return wireToken{}, err
	}
	now := d.now()
	return wireToken{d.accessToken(g, now), "Bearer", int(accessLife.Seconds())}, nil
}

// client finds a client by its id and secret. What is wrong is not counted
// against the client: it waits, as all wrong logins do, and locks nobody out.
func (d *door) client(ctx context.Context, id, key string) (partner.Grant, error) {
	g, ok, err := d.deps.Credentials.Find(ctx, fieldClientSecret, partner.Joined(id, key))
	if err != nil {
		return g, err
	}
	if !ok {
		return g, wrongClient()
	}
	after, err := d.logins.take(ctx, g.Shop+"/"+g.Name)
	if err == nil && after > 0 {
		err = tooMany(after)
	}
	return g, err
}

// accessToken has the form of a JWT, because clients read when it ends in it.
// Only its last part, which says the same, counts.
func (d *door) accessToken(g partner.Grant, now time.Time) string {
	claims, err := json.Marshal(struct {
		ID      string `json:"jti"`
		Issued  int64  `json:"iat"`
		Expires int64  `json:"exp"`
	}{secret.NewUUID(), now.Unix(), now.Add(accessLife).Unix()})
	if err != nil {
		claims = []byte("{}") // numbers and a text: it can not be
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims) + "." +
		d.deps.Access.Issue(g, useAccess, "", accessLife).Reveal()
}

// signedPart is the part of an access token that counts; false: it is none, but
// may be a token of the portal.
func signedPart(token string) (string, bool) {
	if strings.Count(token, ".") != 2 {
		return "", false
	}
	return token[strings.LastIndexByte(token, '.')+1:], true
}

// mostForm bounds the form of a login, in bytes.
const mostForm = 16 << 10

// readForm reads a form, as it should come, or the same as JSON.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := json.ReadAll(http.MaxBytesReader(w, r.Body, mostForm+1), mostForm)
	if err != nil {
		return nil, badGrant("invalid_request", "The request body can not be read")
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/json" {
		var in struct {
			Grant  string `json:"grant_type"`
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		}
		if err := json.UnmarshalInput(body, &in); err != nil {
			return nil, badGrant("invalid_request", fmt.Sprint(err))
		}
		return url.Values{"grant_type": {in.Grant}, "client_id": {in.ID}, "client_secret": {in.Secret}}, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badGrant("invalid_request", "The request body is no form")
	}
	return form, nil
}
