package idosell

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// door plays the wholesaler for all shops: the login says which.
type door struct {
	deps    partner.Deps
	log     *slog.Logger
	dialect *dialect
	zone    *time.Location
	desk    desk
}

var _ http.Handler = (*door)(nil)

// zoneName is the zone of dates and times, which carry no offset (inferred:
// the vendor and its panels are in Poland).
const zoneName = "Europe/Warsaw"

func newDoor(deps partner.Deps) (partner.Side, error) {
	d := &door{deps: deps, log: deps.Log}
	var err error
	if d.dialect, err = readDialect(deps.Settings[fieldDialect].Text); err != nil {
		return partner.Side{}, err
	}
	if d.zone, err = time.LoadLocation(zoneName); err != nil {
		return partner.Side{}, err
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.deps.Now == nil {
		d.deps.Now = time.Now
	}
	if d.deps.Note == nil {
		d.deps.Note = func(context.Context, string, string, string) {}
	}
	if d.deps.Refused == nil {
		d.deps.Refused = func(context.Context) {}
	}
	return partner.Side{Handler: d, Names: d.dialect.renamed()}, nil
}

func (d *door) now() time.Time { return d.deps.Now() }

// ServeHTTP looks at the parameter gate only: a client that was written for
// the real path needs nothing but another host.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := gateOf(r)
	x := &exchange{door: d, w: w, r: r, to: to, op: d.dialect.resolve(to.gate, to.method), lang: languageOf(r.URL.Query().Get("lang"))}
	switch {
	case x.op == nil:
		x.refuse(http.StatusNotFound, x.lang.say(sayNoMethod))
	case to.wsdl && r.Method != http.MethodGet && r.Method != http.MethodHead:
		x.notAllowed("GET, HEAD")
	case to.wsdl:
		x.describe()
	case r.Method != http.MethodPost:
		x.notAllowed("POST")
	default:
		x.serve()
	}
}
