package deliveryhero

import (
	"net/http"

	"github.com/ordermux/ordermux/internal/partner"
)

// door plays Delivery Hero for all chains.
type door struct {
	deps partner.Deps
}

// asked is a call of somebody who may make it.
type asked struct {
	*http.Request
	w      http.ResponseWriter
	grant  partner.Grant // of the token or the client
	chain  *chain
	vendor *vendor // that the path names; nil: it names none
}

// answer is what a call is answered with; Body is written as JSON, nil: nothing.
type answer struct {
	Status int
	Body   any
}

// handler answers a call. Its error may be a *wrong, which is the answer, an
// *order.Invalid (400), order.ErrBusy and order.ErrReadOnly (503); any other is
// a trouble of ours (500).
type handler func(*asked) (answer, error)

// wrong is a call that is refused, as the caller is told.
type wrong struct {
	Status  int
	Code    string
	Message string
}

func (w *wrong) Error() string { return w.Message }

func newDoor(deps partner.Deps) (partner.Side, error) {
	d := &door{deps: deps}
	mux := http.NewServeMux()
	for pattern, h := range d.orderCalls() {
		mux.Handle(pattern, d.answers(h))
	}
	for pattern, h := range d.promotionCalls() {
		mux.Handle(pattern, d.answers(h))
	}
	for pattern, h := range d.catalogCalls() {
		mux.Handle(pattern, d.answers(h))
	}
	return partner.Side{Handler: mux, TestOrder: d.testOrder, Jobs: d.listJobs, Job: d.findJob}, nil
}

// answers lets those in who may call.
func (d *door) answers(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
}
