// Package console is the hub in a browser: pages made on the server, for people
// who have never read a line of our documents. Whatever a page shows or does is
// a call of our own API, made as the user who is signed in.
package console

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/rehearsal"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/user"
)

// Options of a Console.
type Options struct {
	API   http.Handler // see api.As
	Users *user.Book
	// Wrong counts a wrong password, once a request, and waits as long as that
	// costs. Nil: nobody waits.
	Wrong func(ctx context.Context)
	// Enter lets somebody present a password; leave is called when he is answered.
	// False: too many from that address are being answered. Nil: everybody may.
	Enter func(address string) (leave func(), ok bool)
	// Documents are the APIs that /docs shows, and Rehearse answers as the door of
	// a partner would, and keeps nothing; whole: it says what would become of it,
	// too.
	Documents []Document
	Rehearse  func(ctx context.Context, partner string, c rehearsal.Call, whole bool) (Rehearsed, error)
	PublicURL func() string // without a slash at its end; links lead there
	Version   string
	Sandbox   bool
	Stopping  func() bool // nil: never; streams end when the hub stops
	Log       *slog.Logger
	Now       func() time.Time
}

// Console serves the pages. Safe for concurrent use.
type Console struct {
	Options
	mux   *http.ServeMux
	guard *http.CrossOriginProtection
	texts *text.Catalogue
	pages map[string]*pages // by language
	has   map[string]bool   // patterns of places
}

var _ http.Handler = (*Console)(nil)

// New makes a Console.
func New(opts Options) (*Console, error) {
	c := &Console{Options: opts, mux: http.NewServeMux(), guard: http.NewCrossOriginProtection(), has: map[string]bool{}}
	loaded, err := loadOnce()
	if err != nil {
		return nil, err
	}
	c.texts, c.pages = loaded.texts, loaded.pages
	c.register()
	return c, nil
}

// Paths are the first parts of the paths that the console answers, beside "/".
// No partner can be named so.
func Paths() []string {
	return []string{"sign-in", "sign-out", "welcome", "account", "users", "tokens", "audit", "shops", "static", "live", "docs"}
}

// policy is what pages may load and do: nothing that is not in a file of ours.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP implements http.Handler. Posts of other sites' pages are refused
// before anything looks at them.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	c.guard.Handler(c.mux).ServeHTTP(w, r)
}

// visit is a request with whoever makes it.
type visit struct {
	*http.Request
	c     *Console
	w     http.ResponseWriter
	place *place
	lang  string
	user  *user.User  // nil: nobody is signed in
	hub   *api.Client // as the user; nil: nobody is signed in
	live  liveParts   // nil: the page is wanted whole
}

// handler makes a page. Its error is shown as one.
type handler func(*visit) error

// maxForm bounds what a form sends, in bytes.
const maxForm = 1 << 20

// open is for pages that anybody may see.
func (c *Console) open(p place) http.HandlerFunc {
	takes := cmp.Or(p.takes, maxForm)
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, takes)
		v := &visit{Request: r, c: c, w: w, place: &p, lang: c.texts.Choose("", r)}
		v.live, _ = r.Context().Value(liveKey{}).(liveParts)
		if v.live != nil && p.file {
			v.ends(v.fail(http.StatusNotFound, "error.notfound")) // it has no parts, and may be long
			return
		}
		v.ends(p.do(v))
	}
}

// signed is for pages of users.
func (c *Console) signed(p place) http.HandlerFunc {
	do := p.do
	p.do = func(v *visit) error {
		s, err := v.session()
		switch {
		case err != nil:
			return err
		case s == nil:
			return v.signInFirst()
		}
		v.user, v.lang = &s.User, c.texts.Choose(s.User.Language, v.Request)
		if v.hub, err = v.as(&s.User); err != nil {
			return err
		}
		if len(p.calls) > 0 && v.Method != http.MethodGet && !v.mayOperate() {
			return v.fail(http.StatusForbidden, "error.forbidden") // the API would say so, too, but not to every question
		}
		return do(v)
	}
	return c.open(p)
}

// as returns the API as a user sees it.
func (v *visit) as(u *user.User) (*api.Client, error) {
	return api.NewClient("http://hub", secret.Text{}, within{
		api: v.c.API, grant: api.Grant{Shop: api.Hub, Scope: scopes[u.Role], Name: u.Name}, place: v.place,
		panic: func(p any, stack []byte) {
			v.c.Log.ErrorContext(v.Context(), "a call of the console panicked", "path", v.Pattern, "panic", p, "stack", string(stack))
		},
	})
}

// scopes are what roles may do by the API.
var scopes = map[user.Role]api.Scope{user.Viewer: api.Read, user.Operator: api.Operate, user.Admin: api.Admin}
