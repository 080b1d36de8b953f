package skeepers

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// door plays Skeepers for all shops: the credential says which.
type door struct {
	deps  partner.Deps
	log   *slog.Logger
	zones sync.Map // time zones by name
}

var _ http.Handler = (*door)(nil)

func newDoor(deps partner.Deps) (partner.Side, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return partner.Side{Handler: &door{deps: deps, log: deps.Log}}, nil
}

// ServeHTTP finds the handler by the path alone: the vendor's shop module
// sends a Host header that comes from another setting than its address. Slashes
// may be doubled, clients join addresses with and without one; nothing is ever
// redirected, for the module does not follow.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.FieldsFunc(r.URL.EscapedPath(), func(c rune) bool { return c == '/' })
	handle := d.find(path)
	switch {
	case handle == nil:
		notFound().write(w)
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", "OPTIONS, POST")
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodPost:
		notAllowed(http.MethodPost).write(w)
	default:
		d.run(w, r, handle)
	}
}

// find returns what answers at a path; nil: nothing.
func (d *door) find(path []string) handler {
	switch n := len(path); {
	case n == 5 && path[0] == "realms" && path[2] == "protocol" && path[3] == "openid-connect" && path[4] == "token",
		n == 4 && path[0] == "am" && path[1] == "oauth2" && path[3] == "access_token":
		return d.handleToken
	case n == 5 && path[0] == "purchase-event" && path[1] == "websites" && path[3] == "purchase_events":
		return d.events(path[2], path[4])
	case n == 2 && path[0] == "v2" && path[1] == "connector-settings":
		return d.handleConnector
	case n == 1 && path[0] == "index.php":
		return d.handleHistoric
	}
	return nil
}

// A handler answers a call, or says what is wrong with it.
type handler func(w http.ResponseWriter, r *http.Request, m *memory) error

func (d *door) run(w http.ResponseWriter, r *http.Request, handle handler) {
	m := memories.Get().(*memory)
	defer m.release()
	if err := handle(w, r, m); err != nil {
		d.trouble(r, m, err).write(w)
	}
}

// trouble is the answer to an error, which is logged if it is ours.
func (d *door) trouble(r *http.Request, m *memory, err error) *problem {
	p := trouble(err)
	if p.code == "server_error" && r.Context().Err() == nil {
		d.log.ErrorContext(r.Context(), "skeepers door", "shop", m.shop, "error", err)
	}
	return p
}

// bearer finds whose token a call carries.
func (d *door) bearer(r *http.Request, m *memory) (partner.Grant, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return partner.Grant{}, invalidToken("a token is missing: Authorization: Bearer")
	}
	g, _, err := d.deps.Access.Check(r.Context(), useAccess, token)
	switch {
	case errors.Is(err, secret.ErrExpired):
		return g, invalidToken("the token has expired, get a new one")
	case errors.Is(err, secret.ErrToken):
		return g, invalidToken("the token is none of ours, or was revoked")
	case err != nil:
		return g, err
	}
	m.shop = g.Shop
	return g, nil
}

// website checks that the website of an address is the client's.
func (d *door) website(g partner.Grant, escaped string) error {
	id, err := url.PathUnescape(escaped)
	if err == nil && id != "" && strings.EqualFold(id, g.Settings[websiteID].Text) {
		return nil
	}
	if g.Settings["unknown_website"].Text == websiteVendor {
		return noShop(id)
	}
	return otherWebsite()
}

// A memory is what one request and its answer need, used again.
type memory struct {
	body    partner.Body
	decoder decoder
	out     []byte
	shop    string // whose call it is, for the log
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// keepMemory is how much is kept between requests.
const keepMemory = 1 << 20

func (m *memory) release() {
	if cap(m.out) > keepMemory || cap(m.decoder.events) > 1000 || cap(m.decoder.products) > 5000 {
		return
	}
	m.decoder.reset(terms{})
	m.out, m.shop = m.out[:0], ""
	memories.Put(m)
}
