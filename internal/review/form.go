package review

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// book is what forms and feeds keep in memory.
type book struct {
	feeds feeds
}

func (b *Book) begin() {}

// pages serves everything under /review/: the form behind a link
// (/review/{shop}/{token} and what stands below it) and a shop's public
// reviews (/review/{shop}/reviews.json).
func (b *Book) pages() http.Handler { return http.HandlerFunc(b.serve) }

func (b *Book) serve(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/review/"), "/")
	if len(parts) < 2 || len(parts) > 3 {
		notFound(w)
		return
	}
	if len(parts) == 2 && parts[1] == feedName {
		b.serveFeed(w, r, parts[0])
		return
	}
	v := visit{b: b, w: w, r: r, shop: parts[0], token: parts[1]}
	if len(parts) == 3 {
		v.below = parts[2]
	}
	v.serve()
}

// visit is one request about a link.
type visit struct {
	b           *Book
	w           http.ResponseWriter
	r           *http.Request
	shop, token string
	below       string // what stands behind the token
	name        string // the shop's, for people
	link        Link
	t           *texts
}

// serve answers. Whatever is wrong with shop or token is told alike, after the
// same look-up.
func (v *visit) serve() {
	known, err := v.find()
	switch {
	case err != nil:
		v.b.opts.Log.ErrorContext(v.r.Context(), "a review form can not be shown", "shop", v.shop, "error", err)
		trouble(v.w)
		return
	case !known:
		notFound(v.w)
		return
	}
	read := v.r.Method == http.MethodGet || v.r.Method == http.MethodHead
	switch {
	case !read && v.r.Method != http.MethodPost:
		v.w.Header().Set("Allow", "GET, HEAD, POST")
		plain(v.w, http.StatusMethodNotAllowed, "This page can be read and sent only.")
	case v.below == "" && read:
		v.show()
	case v.below == "":
		v.take()
	case v.below == belowThanks && read:
		v.say(http.StatusOK, v.t.Thanks, v.words(v.t.ThanksText))
	case v.below == belowMissing && read:
		v.say(http.StatusOK, v.words(v.t.MissingTold), v.words(v.t.MissingNext))
	case v.below == belowUnsubscribe && read:
		v.askOptOut()
	case v.below == belowUnsubscribe:
		v.optOut()
	default:
		notFound(v.w)
	}
}

// What stands behind a token in an address.
const (
	belowThanks      = "thanks"
	belowMissing     = "missing"
	belowUnsubscribe = "unsubscribe"
)

// find reads the link, and what the pages about it need.
func (v *visit) find() (bool, error) {
	ctx := v.r.Context()
	link, ok, err := v.b.find(ctx, v.shop, v.token)
	if _, configured := v.b.opts.Shops(v.shop); err != nil || !ok || !configured {
		return false, err
	}
	v.link, v.name = link, oneLine(v.b.shop(v.shop).Name)
	if v.name == "" {
		v.name = v.shop
	}
	s, err := v.b.Settings(ctx, v.shop)
	v.t = textsFor(link.Locale, s.Language)
	return true, err
}

// over says that nothing can be written any more, if that is so: the order was
// erased or cancelled.
func (v *visit) over() (bool, error) {
	if !v.link.Ended.IsZero() {
		return true, nil
	}
	if v.link.Test {
		return false, nil
	}
	orders, err := v.b.opts.Merged(v.r.Context(), v.shop, []string{v.link.Order})
	if err != nil && !errors.Is(err, order.ErrNotFound) {
		return false, err
	}
	return len(orders) > 0 && orders[0] != nil && orders[0].Unsold(), nil
}

// words fills the shop's name in.
func (v *visit) words(text string) string { return filled(text, "shop", v.name) }

// here is what stands below the form's address, relative to it: who stands
// before us may have put something before our path.
func (v *visit) here(below string) string { return url.PathEscape(v.token) + "/" + below }

// say shows a page without a form.
func (v *visit) say(status int, title, text string) {
	v.page(status, saidPage, page{T: v.t, Title: title, Text: text})
}

func (v *visit) page(status int, t *template.Template, p page) {
	p.Test = v.link.Test
	b := &strings.Builder{}
	if err := t.ExecuteTemplate(b, "page", &p); err != nil {
		v.b.opts.Log.ErrorContext(v.r.Context(), "a page can not be made", "shop", v.shop, "error", err)
		trouble(v.w)
		return
	}
	guard(v.w, v.link.Redirect)
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.t.Lang)
	v.w.WriteHeader(status)
	_, _ = io.WriteString(v.w, b.String())
}

// ended is the page of a form that is closed.
func (v *visit) ended() { v.say(http.StatusGone, v.t.Ended, v.words(v.t.EndedText)) }

//go:embed pages
var pageFiles embed.FS

var (
	style    = string(must(pageFiles.ReadFile("pages/style.css")))
	formPage = pageTemplate("form.html")
	saidPage = pageTemplate("said.html")
)

func pageTemplate(name string) *template.Template {
	funcs := template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}
	return template.Must(template.New(name).Funcs(funcs).ParseFS(pageFiles, "pages/layout.html", "pages/"+name))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// styleHash names our style, the only thing that a page may use.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// guard sets the headers that all pages have. A form that leads elsewhere
// afterwards must be allowed to: browsers hold what follows a form to the same
// rule, and where the shop's address leads on to, only the shop knows.
func guard(w http.ResponseWriter, redirect string) {
	target := "'self'"
	switch redirect = safeRedirect(redirect); {
	case strings.HasPrefix(redirect, "https:"):
		target += " https:"
	case redirect != "":
		target += " http: https:"
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+styleHash+"; form-action "+target+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// safeRedirect is an absolute address of the web, or "".
func safeRedirect(s string) string {
	u, err := url.Parse(webAddress(s))
	if err != nil {
		return ""
	}
	return u.String()
}

func notFound(w http.ResponseWriter) {
	plain(w, http.StatusNotFound, "There is nothing here. Please check the link.")
}

func trouble(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "30")
	plain(w, http.StatusServiceUnavailable, "This does not work just now. Please try again in a minute.")
}

// plain answers where no link says which language to speak.
func plain(w http.ResponseWriter, status int, text string) {
	guard(w, "")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// opened keeps when the form was opened first.
func (v *visit) opened(ctx context.Context) {
	if !v.link.Opened.IsZero() || v.r.Method != http.MethodGet {
		return
	}
	_, err := v.b.Change(ctx, v.shop, v.token, func(l *Link) {
		if l.Opened.IsZero() {
			l.Opened = v.b.opts.Now().UTC()
		}
	})
	if err != nil {
		v.b.opts.Log.WarnContext(ctx, "that a form was opened is not kept", "shop", v.shop, "error", err)
	}
}
