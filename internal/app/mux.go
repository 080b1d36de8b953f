package app

import (
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/secret"
)

// ServeHTTP answers on the main address. It is no http.ServeMux: that one
// redirects paths it finds unclean, and doors must see what came.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.serve(w, r, a.main)
}

func (a *App) main(w http.ResponseWriter, r *http.Request) {
	// Clients put a base address and a path together, often with a slash each.
	path := strings.TrimLeft(r.URL.Path, "/")
	first, _, _ := strings.Cut(path, "/")
	n := len(r.URL.Path) - len(path) + len(first)
	if !strings.HasPrefix(r.URL.Path, "/") || !escapedPrefix(r.URL, n) {
		http.NotFound(w, r)
		return
	}
	label(r, first)
	d, ok := a.door(first)
	takes := d.takes
	switch first {
	case "api":
		takes = api.MaxImport + 1 // one more is told from too many
	case "shops":
		takes = console.MaxUpload
	}
	bound(w, r, takes)
	switch first {
	case "":
		a.openConsole(w, r)
	case "api":
		// A backup or a walk of the chain takes longer than other answers.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longAnswer))
		a.api.ServeHTTP(w, r)
	case "healthz":
		answerText(w, http.StatusOK, "ok")
	case "readyz":
		a.ready(w)
	case "metrics":
		a.tellMetrics(w, r)
	case "in":
		a.receive(w, r)
	case "review":
		a.book.Handler().ServeHTTP(w, r)
	case "files":
		below(http.HandlerFunc(a.fetch), w, r, n)
	default:
		switch {
		case ok:
			below(d.handler, w, r, n)
		case consolePaths[first]:
			a.openConsole(w, r)
		default:
			label(r, "none")
			http.NotFound(w, r)
		}
	}
}

func (a *App) openConsole(w http.ResponseWriter, r *http.Request) {
	label(r, "console")
	a.console.ServeHTTP(w, r)
}

// longAnswer bounds the answers of our own API.
const longAnswer = time.Hour

// label names the door in the request's metrics.
func label(r *http.Request, door string) {
	if c := callOf(r.Context()); c != nil {
		c.door = door
	}
}

// atRoot serves one partner's door at the root of an address of its own.
func (a *App) atRoot(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.serve(w, r, func(w http.ResponseWriter, r *http.Request) {
			label(r, name)
			d, ok := a.door(name)
			if !ok {
				http.NotFound(w, r)
				return
			}
			bound(w, r, d.takes)
			d.handler.ServeHTTP(w, r)
		})
	})
}

// receive hands /in/{shop}/{route}/… to the route's webhook receiver.
func (a *App) receive(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(r.URL.Path, "/", 5) // "", in, shop, route, rest
	if len(parts) < 4 {
		http.NotFound(w, r)
		return
	}
	n := len("/in/") + len(parts[2]) + 1 + len(parts[3])
	route := a.current.Load().routes[routeKey{parts[2], parts[3]}]
	if route == nil || route.handler == nil || !escapedPrefix(r.URL, n) {
		http.NotFound(w, r)
		return
	}
	atRoute(r, parts[2], parts[3])
	below(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.captures.Receive(parts[2], parts[3], w, r, route.handler)
	}), w, r, n)
}

// fetch hands /files/{shop}/{route}/{name} out.
func (a *App) fetch(w http.ResponseWriter, r *http.Request) {
	a.files.serve(w, r, func(shop, name string) secret.Text {
		if route := a.current.Load().routes[routeKey{shop, name}]; route != nil {
			atRoute(r, shop, name)
			return route.password
		}
		return secret.Text{}
	})
}

// atRoute notes whose route somebody calls.
func atRoute(r *http.Request, shop, route string) {
	if c := callOf(r.Context()); c != nil {
		c.calls(caller{shop: shop, of: "route", name: route})
	}
}

// ready is false while the hub stops or can not take orders: a load balancer
// then sends them elsewhere.
func (a *App) ready(w http.ResponseWriter) {
	why := a.disk.unready()
	switch {
	case a.stopping.Load():
		why = "stopping"
	case a.node != nil && why == "":
		why = a.apart()
	}
	if why != "" {
		answerText(w, http.StatusServiceUnavailable, why)
		return
	}
	answerText(w, http.StatusOK, "ready")
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
