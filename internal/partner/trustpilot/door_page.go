package trustpilot

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
)

// The login page of the authorization code grant: who is sent there logs in as
// a user of the application's shop and says whether the application may act for
// him. No script, no cookie. What makes it safe from other sites: the browser
// tells where a form comes from, and no right is given without the password.

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("login").Parse(pageSource))

// page is what the login page shows.
type page struct {
	Style   template.CSS
	Title   string // of the application
	Host    string // where the browser goes next
	Fields  [][2]string
	Email   string
	Wrong   bool   // e-mail address or password
	Problem string // instead of the form
}

// asked is what a client wants of the login page.
type asked struct {
	app             partner.Grant
	back            *url.URL // redirect_uri
	uri, state, key string
}

// maxLogin bounds the form.
const maxLogin = 16 << 10

func (d *door) serveLogin(w http.ResponseWriter, r *http.Request) {
	var form url.Values
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		form = r.URL.Query()
	case http.MethodPost:
		if err := d.page.Check(r); err != nil {
			d.show(w, r, http.StatusForbidden, nil, page{Problem: "This form came from another site."})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
		if r.ParseForm() != nil {
			d.show(w, r, http.StatusBadRequest, nil, page{Problem: "The form could not be read."})
			return
		}
		form = r.PostForm
	default:
		d.fail(w, r, notAllowed("GET, POST"))
		return
	}
	if len(form) == 0 {
		d.fail(w, r, notFound())
		return
	}
	a, why, err := d.asked(r, form)
	switch {
	case err != nil:
		d.fail(w, r, err)
	case why != "":
		d.show(w, r, http.StatusBadRequest, nil, page{Problem: why})
	case r.Method == http.MethodPost:
		d.answerLogin(w, r, a, form)
	default:
		d.show(w, r, http.StatusOK, a, page{})
	}
}

// asked checks what a client asks the login page for. A fault is shown and not
// sent anywhere: the address may be a stranger's.
func (d *door) asked(r *http.Request, form url.Values) (a *asked, why string, err error) {
	a = &asked{uri: form.Get("redirect_uri"), state: form.Get("state"), key: form.Get("client_id")}
	var ok bool
	if a.app, ok, err = d.deps.Credentials.Find(r.Context(), fieldKey, a.key); err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, "The application is not known (client_id).", nil
	}
	if form.Get("response_type") != "code" {
		return nil, "Only response_type=code is offered here.", nil
	}
	if a.back = allowedBack(a.uri, domainsOf(a.app)); a.back == nil {
		return nil, "The address to return to (redirect_uri) is not one of the application's: it must begin with https and name one of its domains.", nil
	}
	if a.app.Settings["api_access"].Text == "false" {
		return nil, "The application has no access to the API.", nil
	}
	return a, "", nil
}

// allowedBack reads a redirect_uri: absolute, at one of the domains, by https
// unless it stays on the machine; nil: it is none of these.
func allowedBack(text string, domains []string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil
	}
	host := strings.ToLower(u.Hostname())
	if !slices.Contains(domains, host) {
		return nil
	}
	ip := net.ParseIP(host)
	if u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return u
	}
	return nil
}

// answerLogin sends the browser back with a code, or with the refusal, or shows
// the form again.
func (d *door) answerLogin(w http.ResponseWriter, r *http.Request, a *asked, form url.Values) {
	if form.Get("answer") == "deny" {
		d.sendBack(w, a, "error", "access_denied")
		return
	}
	email := form.Get("username")
	user, err := d.user(r.Context(), a.app.Shop, email, form.Get("password"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	if user == nil { // the hub slows who answers 401 often
		d.show(w, r, http.StatusUnauthorized, a, page{Wrong: true, Email: email})
		return
	}
	data := newChain() + "/" + madeID("redirect", a.uri) + "/" + userData(*user)
	d.sendBack(w, a, "code", d.deps.Access.Issue(a.app, useCode, data, codeLife).Reveal())
}

func (d *door) sendBack(w http.ResponseWriter, a *asked, name, value string) {
	query := a.back.Query()
	query.Set(name, value)
	if a.state != "" {
		query.Set("state", a.state)
	}
	to := *a.back
	to.RawQuery = query.Encode()
	guardPage(w, a)
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusSeeOther)
}

// show writes the page.
func (d *door) show(w http.ResponseWriter, r *http.Request, status int, a *asked, p page) {
	p.Style = template.CSS(pageStyle)
	if a != nil {
		p.Title, p.Host = displayName(a.app), a.back.Host
		p.Fields = [][2]string{{"client_id", a.key}, {"redirect_uri", a.uri}, {"response_type", "code"}, {"state", a.state}}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		d.fail(w, r, err)
		return
	}
	guardPage(w, a)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that left is not our trouble
}

// guardPage sets what keeps the page to itself. Browsers hold a redirect after
// a form to form-action too, so where the browser goes back to stands in it.
func guardPage(w http.ResponseWriter, a *asked) {
	sum := sha256.Sum256([]byte(pageStyle))
	to := "'self'"
	if a != nil {
		to += " " + a.back.Scheme + "://" + a.back.Host
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action "+to+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}
