package citrusad

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/ordermux/ordermux/internal/partner"
)

// door plays CitrusAd for all shops: the credential says which.
type door struct {
	deps partner.Deps
	log  *slog.Logger
}

var _ http.Handler = (*door)(nil)

func newDoor(deps partner.Deps) (partner.Side, error) {
	log := deps.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return partner.Side{Handler: &door{deps: deps, log: log}}, nil
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := resource(r.URL.EscapedPath()); {
	case path == "orders":
		d.serveOrders(w, r)
	case strings.HasPrefix(path, "orders/"):
		d.serveOrder(w, r, path[len("orders/"):])
	case path == "resource/third-o":
		d.servePixel(w, r)
	default:
		d.serveNothing(w, r, path)
	}
}

// resource is the path behind /v1. Clients keep the /v1 in their configured
// base or leave it out, with and without a slash behind it, so it may come
// doubled or not at all (https://github.com/citrus-international/citrusads-magento1,
// seen 2026).
func resource(path string) string {
	for {
		path = strings.TrimLeft(path, "/")
		rest, ok := strings.CutPrefix(path, "v1")
		if !ok || rest != "" && rest[0] != '/' {
			return strings.TrimRight(path, "/")
		}
		path = rest
	}
}

func (d *door) serveOrders(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		d.handleOrdersCreate(w, r)
	case http.MethodGet, http.MethodHead:
		d.handleOrdersList(w, r)
	default:
		d.otherMethod(w, r, "GET, HEAD, OPTIONS, POST")
	}
}

func (d *door) serveOrder(w http.ResponseWriter, r *http.Request, escaped string) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		id, err := url.PathUnescape(escaped)
		if err != nil || strings.Contains(escaped, "/") {
			d.answer(w, orderNotFound(), nil)
			return
		}
		d.handleOrderGet(w, r, id)
	default:
		// DELETE stands in the Swagger file of 2017 only, and in no current page.
		d.otherMethod(w, r, "GET, HEAD, OPTIONS")
	}
}

// otherMethod answers OPTIONS, and refuses what else comes.
func (d *door) otherMethod(w http.ResponseWriter, r *http.Request, allow string) {
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d.answer(w, notAllowed(allow), nil)
}

// elsewhere are paths of the same API that have to do with catalogues and
// customers: a client that syncs orders may call them too.
var elsewhere = map[string]bool{"customers": true, "catalogs": true, "catalog-products": true, "products": true}

func (d *door) serveNothing(w http.ResponseWriter, r *http.Request, path string) {
	first, _, _ := strings.Cut(path, "/")
	if elsewhere[first] {
		d.log.WarnContext(r.Context(), "a client called a part of CitrusAd's API that this door does not have",
			"method", r.Method, "resource", first)
	}
	writeJSON(w, http.StatusNotFound, appendErrorResponse(nil, "no such resource: this door takes orders only", nil))
}

// answer writes a problem in the shape of /v1/orders. s are the settings of
// the shop, nil if nobody has logged in yet.
func (d *door) answer(w http.ResponseWriter, p *problem, s partner.Settings) {
	p.write(w, on(s, "json_errors"))
}

// fail writes an error of the intake or of a read as a problem, and logs what
// is a trouble of ours.
func (d *door) fail(w http.ResponseWriter, r *http.Request, err error, g partner.Grant) {
	p := trouble(err)
	d.logTrouble(r, err, p, g)
	d.answer(w, p, g.Settings)
}

func (d *door) logTrouble(r *http.Request, err error, p *problem, g partner.Grant) {
	if p.status == http.StatusInternalServerError && r.Context().Err() == nil {
		d.log.ErrorContext(r.Context(), "citrusad door", "shop", g.Shop, "method", r.Method, "error", err)
	}
}

// login finds who presents a secret key.
func (d *door) login(r *http.Request) (partner.Grant, error) {
	return d.find(r, secretKey, presented(r.Header.Get("Authorization")))
}

// find looks up the values under which one credential may have been presented.
func (d *door) find(r *http.Request, kind string, values []string) (partner.Grant, error) {
	for _, v := range values {
		g, ok, err := d.deps.Credentials.Find(r.Context(), kind, v)
		if err != nil {
			return partner.Grant{}, err
		}
		if ok {
			return g, nil
		}
	}
	return partner.Grant{}, unauthorized()
}

// presented are the keys that an Authorization header may mean: the raw key
// behind Basic, as every sample has it; base64 of "key:"; the raw key without
// a scheme, as one sample of the integration checklist has it. Bearer is for
// the ad API only (https://developers.citrusad.com/integration/reference/oauth-20-authentication,
// seen 2026).
func presented(header string) []string {
	header = strings.TrimSpace(header)
	key, spaced := header, strings.ContainsAny(header, " \t")
	if spaced {
		if !strings.EqualFold(header[:min(len(header), 5)], "basic") || header[5] != ' ' && header[5] != '\t' {
			return nil
		}
		key = strings.TrimSpace(header[5:])
	}
	if key == "" || strings.EqualFold(key, "basic") {
		return nil
	}
	values := []string{key}
	if plain, err := base64.StdEncoding.DecodeString(key); err == nil {
		if k, ok := strings.CutSuffix(string(plain), ":"); ok && k != "" {
			values = append(values, k)
		}
	}
	return values
}

// A memory is what one request and its answer need, used again.
type memory struct {
	body    partner.Body
	out     []byte
	decoder decoder
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// keepMemory is how much is kept between requests.
const keepMemory = 1 << 20

func (b *memory) release() {
	if cap(b.out) > keepMemory || cap(b.decoder.orders) > 1000 {
		return
	}
	b.decoder.reset(false)
	b.out = b.out[:0]
	memories.Put(b)
}
