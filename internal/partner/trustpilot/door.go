package trustpilot

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// door plays Trustpilot for all shops: key or token say which. It serves the
// paths of all of Trustpilot's hosts under one address, as its own clients want
// it (https://github.com/trustpilot/node-trustpilot, seen 2026).
type door struct {
	deps partner.Deps
	log  *slog.Logger
	page *http.CrossOriginProtection // of the login page

	revoked revocations
}

var _ http.Handler = (*door)(nil)

func newDoor(deps partner.Deps) (partner.Side, error) {
	d := &door{deps: deps, log: deps.Log, page: http.NewCrossOriginProtection()}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.deps.Now == nil {
		d.deps.Now = time.Now
	}
	return partner.Side{Handler: d}, nil
}

func (d *door) now() time.Time { return d.deps.Now() }

// The paths behind /v1.
const (
	pathOAuth    = "oauth/oauth-business-users-for-applications/"
	pathUnits    = "business-units/"
	pathPrivate  = "private/business-units/"
	pathProducts = "private/product-reviews/business-units/"
	pathLocales  = "resources/metadata/locales"
)

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, versioned := resource(r.URL.EscapedPath())
	// Who brings no token is told so before anything else: the Python client asks
	// for one only after a 401 (https://github.com/trustpilot/python-trustpilot,
	// seen 2026).
	if strings.HasPrefix(path, "private/") && bearer(r) == "" {
		d.fail(w, r, noToken())
		return
	}
	if rest, ok := strings.CutPrefix(path, pathPrivate); ok {
		d.servePrivate(w, r, rest)
		return
	}
	rest, oauth := strings.CutPrefix(path, pathOAuth)
	unit, public := strings.CutPrefix(path, pathUnits)
	products, linked := strings.CutPrefix(path, pathProducts)
	switch {
	case path == "" && !versioned:
		d.serveLogin(w, r)
	case oauth:
		d.serveToken(w, r, rest)
	case public:
		d.only(w, r, "GET", func() error { return d.handleUnit(w, r, unit) })
	case path == pathLocales:
		d.only(w, r, "GET", func() error { return handleLocales(w) })
	case linked:
		if id, ok := strings.CutSuffix(products, "/invitation-links"); ok {
			d.only(w, r, "POST", func() error { return d.handleProductLink(w, r, id) })
			return
		}
		d.fail(w, r, notFound())
	default:
		d.fail(w, r, notFound())
	}
}

// servePrivate serves what a token opens: ID/CALL.
func (d *door) servePrivate(w http.ResponseWriter, r *http.Request, rest string) {
	id, call, _ := strings.Cut(rest, "/")
	switch call {
	case "email-invitations":
		d.only(w, r, "POST", func() error { return d.handleInvitation(w, r, id) })
	case "invitation-links":
		d.only(w, r, "POST", func() error { return d.handleLink(w, r, id) })
	case "templates":
		d.only(w, r, "GET", func() error { return d.handleTemplates(w, r, id) })
	case "invitation-data/delete":
		d.only(w, r, "POST", func() error { return d.handleDelete(w, r, id) })
	case "products":
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			d.run(w, r, func() error { return d.handleCatalogue(w, r, id) })
			return
		}
		d.only(w, r, "GET, POST", func() error { return d.handleUpload(w, r, id) })
	case "invitations":
		d.only(w, r, "POST", func() error { return d.handleLegacyCreate(w, r, id) })
	default:
		if one, ok := strings.CutPrefix(call, "invitations/"); ok && one != "" && !strings.Contains(one, "/") {
			d.only(w, r, "GET", func() error { return d.handleLegacyRead(w, r, id, one) })
			return
		}
		d.fail(w, r, notFound())
	}
}

// resource is the path behind /v1, without needless slashes: the Node client
// puts base and path together as they are, so slashes come doubled, and /v1
// doubled or not at all. Versioned: there was one.
func resource(path string) (rest string, versioned bool) {
	if strings.Contains(path, "//") {
		parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
		path = strings.Join(parts, "/")
	}
	path = strings.Trim(path, "/")
	for {
		rest, ok := strings.CutPrefix(path, "v1")
		if !ok || rest != "" && rest[0] != '/' {
			return path, versioned
		}
		path, versioned = strings.TrimPrefix(rest, "/"), true
	}
}

// only runs a call whose method is the last of those allowed.
func (d *door) only(w http.ResponseWriter, r *http.Request, allow string, call func() error) {
	method := allow[strings.LastIndexByte(allow, ' ')+1:]
	if r.Method != method && !(method == http.MethodGet && r.Method == http.MethodHead) {
		d.fail(w, r, notAllowed(allow))
		return
	}
	d.run(w, r, call)
}

func (d *door) run(w http.ResponseWriter, r *http.Request, call func() error) {
	if err := call(); err != nil {
		d.fail(w, r, err)
	}
}

// fail answers with an error, and logs what is a trouble of ours.
func (d *door) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := trouble(err)
	if p.status == http.StatusInternalServerError && !errors.Is(r.Context().Err(), context.Canceled) {
		d.log.ErrorContext(r.Context(), "trustpilot door", "method", r.Method, "error", err)
	}
	p.write(w)
}
