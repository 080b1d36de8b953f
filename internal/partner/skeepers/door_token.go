package skeepers

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// useAccess tells access tokens apart from whatever else may be issued.
const useAccess = "access"

// tokenLife is how long a token is good: a client notes "about 5 minutes" and
// falls back to 300 (seen 2026).
const tokenLife = 300 * time.Second

// handleToken is both token addresses, the current and the older one: OAuth 2
// client credentials.
func (d *door) handleToken(w http.ResponseWriter, r *http.Request, m *memory) error {
	body, err := m.body.Read(w, r)
	if err != nil {
		return err
	}
	form, err := readGrant(string(body))
	if err != nil {
		return err
	}
	g, err := d.client(r, form)
	if err != nil {
		return err
	}
	token := d.deps.Access.Issue(g, useAccess, "", tokenLife)
	b := json.AppendText(append(m.out, `{"access_token":`...), token.Reveal())
	b = append(b, `,"token_type":"Bearer","expires_in":300,"scope":"openid"}`...)
	w.Header().Set("Cache-Control", "no-store") // RFC 6749, 5.1
	writeJSON(w, http.StatusOK, b)
	m.out = b
	return nil
}

// readGrant reads the form of a token request. A missing scope, an audience
// (the sister API's word) and other fields are left alone.
func readGrant(body string) (url.Values, error) {
	form, err := url.ParseQuery(strings.TrimSpace(body))
	if err != nil {
		return nil, invalidRequest("the body is not form-encoded: send grant_type=client_credentials&scope=openid")
	}
	if asPrinted(form) {
		return nil, invalidRequest("the body has quotes or blanks around names or values; the help page prints them for reading only: " +
			"send grant_type=client_credentials&scope=openid")
	}
	grant, scope := form["grant_type"], form["scope"]
	switch {
	case len(grant) == 0 || grant[0] == "":
		return nil, invalidRequest("grant_type is missing: send grant_type=client_credentials&scope=openid, form-encoded")
	case len(grant) > 1 || len(scope) > 1:
		return nil, invalidRequest("grant_type or scope stands there twice")
	case grant[0] != "client_credentials":
		return nil, unsupportedGrant()
	case len(scope) == 1 && scope[0] != "" && !hasWord(scope[0], "openid"):
		return nil, invalidScope()
	}
	return form, nil
}

// asPrinted reports whether a form was copied from the help page, which prints
// grant_type="client_credentials" & scope="openid"
// (https://help.rr.skeepers.com/hc/fr/articles/5550543993500, seen 2026).
func asPrinted(form url.Values) bool {
	for name, values := range form {
		if strings.TrimSpace(name) != name && isGrantField(strings.TrimSpace(name)) {
			return true
		}
		for _, v := range values {
			if isGrantField(strings.TrimSpace(name)) && (strings.ContainsAny(v, `"'`) || strings.TrimSpace(v) != v) {
				return true
			}
		}
	}
	return false
}

func isGrantField(name string) bool { return name == "grant_type" || name == "scope" }

func hasWord(text, word string) bool {
	for w := range strings.FieldsSeq(text) {
		if w == word {
			return true
		}
	}
	return false
}

// client finds who asks for a token: Basic, as every source has it, or, as
// RFC 6749 allows, id and secret in the form.
func (d *door) client(r *http.Request, form url.Values) (partner.Grant, error) {
	id, key, ok := basic(r.Header.Get("Authorization"))
	if !ok && r.Header.Get("Authorization") == "" {
		id, key, ok = form.Get(clientID), form.Get(clientSecret), true
	}
	if !ok || id == "" || key == "" {
		return partner.Grant{}, invalidClient()
	}
	g, found, err := d.deps.Credentials.Find(r.Context(), clientSecret, partner.Joined(id, key))
	if err == nil && !found {
		err = invalidClient()
	}
	return g, err
}

// basic reads Authorization: Basic. Id and secret are plain words, so the
// form-encoding that RFC 6749 asks for makes no difference to them.
func basic(header string) (id, key string, ok bool) {
	scheme, text, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	plain, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}
