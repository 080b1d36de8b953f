package idosell

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

const (
	// longest is a delivery with all that may go before it. A session that is
	// younger than renewAfter at its beginning is good until its end.
	longest = 2 * time.Minute
	// maxAge is how old an order may be to be placed, unless the route says
	// otherwise (our choice).
	maxAge = 14 * 24 * time.Hour
)

// route plays a shop that has a wholesaler send its orders.
type route struct {
	deps     partner.Deps
	log      *slog.Logger
	opts     options
	header   http.Header
	sessions *sessions
	hearing  chan struct{} // holds a value while somebody confirms notices
	unheard  atomic.Bool   // a notice was stored since somebody began to
	doubtful atomic.Bool   // a courier was missed: the mirror may be out of date
}

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	opts, err := readOptions(s)
	if err != nil {
		return partner.Side{}, err
	}
	r := &route{deps: deps, log: deps.Log, opts: opts, hearing: make(chan struct{}, 1)}
	r.sessions = newSessions(r)
	r.header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if opts.format == formatSOAP {
		r.header = http.Header{"Content-Type": {soap.ContentType}, "Accept": {"text/xml"}, "Soapaction": {`""`}}
	}
	side := partner.Side{
		Deliver: r.deliver, Look: r.look, Poll: r.poll, PollEvery: opts.pollEvery, Connect: r.connect, Render: r.render,
		Stock: r.stock, Couriers: r.couriers, Troubles: r.troubles,
		Mode: partner.Once, Batch: 1, Slots: 1, Repeat: partner.AskFirst,
		Needs:  []partner.Need{partner.NeedProducts, partner.NeedAddress, partner.NeedName},
		MaxAge: maxAge, Timeout: longest, Names: opts.dialect.renamed(),
	}
	if !r.asksByExternal() {
		side.Look = nil // nobody could tell: what may have been placed is for a person
	}
	if opts.noticeToken.Set() {
		side.Handler = &receiver{route: r}
	}
	return side, nil
}

func (r *route) now() time.Time { return r.deps.Now() }

// deliver places the orders; the engine gives one at a time.
func (r *route) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		outcomes[i] = hide(r.place(ctx, &tasks[i]), tasks[i].Order)
	}
	return outcomes
}

// hide takes the persons of an order out of what an answer says.
func hide(o partner.Outcome, about *order.Order) partner.Outcome {
	if about == nil || o.Reason == "" {
		return o
	}
	var words []string
	if c := about.Customer; c != nil {
		words = append(words, c.Email, c.Name, c.FirstName, c.LastName, c.Phone)
	}
	if p := about.Recipient; p != nil {
		words = append(words, p.Email, p.Name, p.FirstName, p.LastName, p.Phone, p.Street, street(p))
	}
	for _, word := range words {
		if len(word) > 2 {
			o.Reason = strings.ReplaceAll(o.Reason, word, "[masked]")
		}
	}
	return o
}
